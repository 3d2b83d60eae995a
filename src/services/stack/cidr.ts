import { type RemedyError, remedy } from '../../errors.ts';

/** Everybody, for the one port that `--public` opens. */
export const EVERYBODY = '0.0.0.0/0';

/** A range wider than this is most of a continent: that is what --public is for. */
const WIDEST_PREFIX = 8;

/**
 * Reads an IPv4 address or range and brings it to the form that clouds store: network address and prefix.
 *
 * @param what the flag or variable that it comes from
 * @throws RemedyError (exit 2) for anything else, and for a range that is open to almost everybody
 */
export function parseCidr(text: string, what: string): string {
  const [, address = '', prefixText = '32'] = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?$/.exec(text.trim()) ?? [];
  const bytes = address.split('.').map(Number);
  const prefix = Number(prefixText);
  if (address === '' || bytes.some((byte) => byte > 255) || prefix > 32) {
    const reason = text.includes(':') ? 'is an IPv6 range, and the VMs have no IPv6 address' : 'is not an IPv4 range';
    throw refused(`${what}: "${text}" ${reason}`, 'write for example 203.0.113.7/32 or 198.51.100.0/24');
  }
  if (prefix < WIDEST_PREFIX) {
    throw refused(`${what}: ${text} is open to almost everybody`, 'give a narrower range; --public opens service A');
  }
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const network = value - (value % 2 ** (32 - prefix));
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256);
  return `${parts.join('.')}/${prefix}`;
}

function refused(message: string, nextStep: string): RemedyError {
  return remedy.usage('usage', message, [nextStep]);
}
