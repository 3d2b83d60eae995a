import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';

/** What a host name means, for the length of one point. */
export interface Resolved {
  readonly addresses: readonly LookupAddress[];
  /** Why there are none; every request of the point meets it. */
  readonly failure: NodeJS.ErrnoException | undefined;
}

/** How a host name is looked up, once for as many connections as follow; never rejects. */
export type Resolve = (hostname: string) => Promise<Resolved>;

export const resolveOnce: Resolve = async (hostname) => {
  try {
    const addresses = await systemLookup(hostname.replace(/^\[|\]$/g, ''), { all: true });
    if (addresses.length > 0) return { addresses, failure: undefined };
    return { addresses, failure: Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' }) };
  } catch (error) {
    return { addresses: [], failure: error as NodeJS.ErrnoException };
  }
};
