import { type RemedyError, remedy } from '../../../errors.ts';
import type { RawAnswer } from '../../chain/client.ts';

/** Longer addresses are not repeated: they come from the network. */
const MAX_LOCATION = 300;

/**
 * Where an answer sends its caller, as an absolute URL without user name and password: as it may be given to
 * `--target`, and safe to print, since what is no character of a URL is escaped in it.
 *
 * @returns undefined when the answer is no redirect, or names no address that could be used
 */
export function redirectOf({ status, location }: Pick<RawAnswer, 'status' | 'location'>, from: string) {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  const to = URL.parse(location, from);
  if (to === null || !/^https?:$/.test(to.protocol)) return undefined;
  to.username = '';
  to.password = '';
  to.hash = '';
  return to.href.length > MAX_LOCATION ? undefined : to.href;
}

/** The refusal to offer a load to an address that only points to another one: every answer would be an error. */
export function redirects(from: string, status: number, to: string, target: string): RemedyError {
  return remedy.unhealthy(
    'target-redirects',
    `${from} redirects to ${to} (status ${status}), and a load follows no redirects`,
    [
      `give the address behind it: --target ${target}`,
      '--no-preflight offers the load all the same: every redirect then counts as an error',
    ],
  );
}
