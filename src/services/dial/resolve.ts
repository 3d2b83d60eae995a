import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';

/** What a host name means now. */
export interface Resolved {
  readonly addresses: readonly LookupAddress[];
  /** Why there are none; every connection meets it. */
  readonly failure: NodeJS.ErrnoException | undefined;
}

/** How a host name is looked up, once for as many connections as follow; never rejects. */
export type Resolve = (hostname: string) => Promise<Resolved>;

export const resolveOnce: Resolve = async (hostname) => {
  try {
    const addresses = await systemLookup(hostname, { all: true });
    if (addresses.length > 0) return { addresses, failure: undefined };
    return { addresses, failure: Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' }) };
  } catch (error) {
    return { addresses: [], failure: error as NodeJS.ErrnoException };
  }
};

/**
 * The order in which addresses are tried (RFC 8305, 4): families take turns, beginning with that of the first one, so that
 * a family without a route costs one try and not as many as it has addresses.
 */
export function interleaved(addresses: readonly LookupAddress[]): LookupAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const turns = Math.max(first.length, others.length);
  return Array.from({ length: turns }, (_, i) => [first[i], others[i]].filter((each) => each !== undefined)).flat();
}
