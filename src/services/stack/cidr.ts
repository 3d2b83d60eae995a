import { isIPv4 } from 'node:net';
import { type RemedyError, reasonOf, remedy } from '../../errors.ts';

/** Everybody, for the one port that `--public` opens. */
export const EVERYBODY = '0.0.0.0/0';

/** A range wider than this is most of a continent: that is what --public is for. */
const WIDEST_PREFIX = 8;

/** Run by AWS; answers with the caller's address and a newline. */
const WHO_AM_I = 'https://checkip.amazonaws.com';
const TIMEOUT_MS = 3000;
const KNOWN_CLOUD = /\.(amazonaws\.com(\.cn)?|googleapis\.com)$/;

/**
 * Reads an IPv4 address or range and brings it to the form that clouds store: network address and prefix.
 *
 * @param what the flag or variable that it comes from
 * @throws RemedyError (exit 2) for anything else, and for a range that is open to almost everybody
 */
export function parseCidr(text: string, what: string): string {
  const [, address = '', prefixText = '32'] = /^([\d.]+)(?:\/(\d{1,2}))?$/.exec(text.trim()) ?? [];
  const prefix = Number(prefixText);
  if (!isIPv4(address) || prefix > 32) {
    const reason = text.includes(':') ? 'is an IPv6 range, and the VMs have no IPv6 address' : 'is not an IPv4 range';
    throw remedy.usage('usage', `${what}: "${text}" ${reason}`, [
      'write for example 203.0.113.7/32 or 198.51.100.0/24',
    ]);
  }
  if (prefix < WIDEST_PREFIX) {
    throw remedy.usage('usage', `${what}: ${text} is open to almost everybody`, [
      'give a narrower range; --public opens service A',
    ]);
  }
  const parts = address.split('.').map((byte, index) => {
    // How many bits of this byte belong to the network.
    const fixedBits = Math.min(8, Math.max(0, prefix - 8 * index));
    return Number(byte) & (0xff00 >> fixedBits);
  });
  return `${parts.join('.')}/${prefix}`;
}

interface OperatorAddressInput {
  /** From --operator-address or CHAINCTL_OPERATOR_ADDRESS. */
  readonly given?: string | undefined;
  /** The cloud's endpoint when it is not the one that is known. */
  readonly endpoint?: string | undefined;
  readonly fetch: (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;
  readonly signal: AbortSignal;
}

/**
 * The range that may log in to the VM: what the operator says, else the public address that the internet sees. With an endpoint
 * of one's own (a lab) nobody on the internet is asked: what they would see is not what the lab sees.
 *
 * @throws RemedyError (exit 3) when it cannot be found: the door is never opened wider instead
 */
export async function operatorAddress({ given, endpoint, fetch, signal }: OperatorAddressInput): Promise<string> {
  if (given) return parseCidr(given, '--operator-address');
  if (endpoint !== undefined && !KNOWN_CLOUD.test(URL.parse(endpoint)?.hostname ?? '')) {
    throw unknown(`the cloud's endpoint is ${endpoint}, so the internet is not asked for it`);
  }
  let text: string;
  try {
    const answer = await fetch(WHO_AM_I, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    text = (await answer.text()).trim();
  } catch (error) {
    signal.throwIfAborted();
    throw unknown(`${WHO_AM_I} did not report it: ${reasonOf(error)}`, error);
  }
  if (!isIPv4(text)) throw unknown(`${WHO_AM_I} answered "${text.slice(0, 60)}"`);
  return parseCidr(text, WHO_AM_I);
}

function unknown(detail: string, cause?: unknown): RemedyError {
  return remedy.configuration(
    'operator-address',
    `your public address, from which you log in to the VM, is not known: ${detail}`,
    ['give it with --operator-address 203.0.113.7/32 or CHAINCTL_OPERATOR_ADDRESS'],
    cause,
  );
}
