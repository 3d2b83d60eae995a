import { defined } from '../../defined.ts';
import type { RunOrder } from '../engine/protocol.ts';

type Shared = Pick<RunOrder, 'share' | 'maxInFlight' | 'concurrency' | 'requests'>;

/**
 * What of an order each of several processes takes; together they make the whole. Of more processes than may have a request
 * open, the rest has nothing to do: it would drop what falls to it, or wait for a place that it does not have.
 */
export function sharesOf({ maxInFlight, concurrency, requests }: RunOrder, processes: number): Shared[] {
  const count = Math.max(1, Math.min(processes, concurrency ?? maxInFlight));
  return Array.from({ length: count }, (_, index) => {
    const own = (whole: number) => wholePart(whole, index + 1, count) - wholePart(whole, index, count);
    const shared = { share: { index, count }, maxInFlight: own(maxInFlight) };
    if (requests === undefined) return defined({ ...shared, concurrency: concurrency && own(concurrency) });
    if (concurrency === undefined) return { ...shared, requests: own(requests) };
    // Who has more places has sent as much more when all have sent enough.
    const until = (end: number) => Math.floor((requests * wholePart(concurrency, end, count)) / concurrency);
    return { ...shared, concurrency: own(concurrency), requests: until(index + 1) - until(index) };
  });
}

/** How much of a bound the first so many of `count` have. */
function wholePart(whole: number, first: number, count: number): number {
  return first * Math.floor(whole / count) + Math.min(first, whole % count);
}
