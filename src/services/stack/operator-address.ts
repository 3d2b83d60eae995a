import { type RemedyError, reasonOf, remedy } from '../../errors.ts';
import { parseCidr } from './cidr.ts';

/** Run by AWS; answers with the caller's address and a newline. */
const WHO_AM_I = 'https://checkip.amazonaws.com';
const TIMEOUT_MS = 3000;

interface OperatorAddressInput {
  /** What the operator says, from --operator-address or CHAINCTL_OPERATOR_ADDRESS. */
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
  if (given !== undefined && given !== '') return parseCidr(given, '--operator-address');
  if (
    endpoint !== undefined &&
    !/\.(amazonaws\.com(\.cn)?|googleapis\.com)$/.test(URL.parse(endpoint)?.hostname ?? '')
  ) {
    throw unknown(`the cloud's endpoint is ${endpoint}, so the internet is not asked for it`);
  }
  let text: string;
  try {
    const answer = await fetch(WHO_AM_I, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    text = (await answer.text()).trim();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw unknown(`${WHO_AM_I} did not report it: ${reasonOf(error)}`, error);
  }
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) throw unknown(`${WHO_AM_I} answered "${text.slice(0, 60)}"`);
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
