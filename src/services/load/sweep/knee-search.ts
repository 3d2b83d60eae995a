/** What a point said to the search. */
export interface Tried {
  readonly rate: number;
  /** `undefined`: the point does not tell, and the search does not go above it. */
  readonly sustained: boolean | undefined;
  /** What the target got done while it had more than it could do, per second. */
  readonly servedRps: number;
}

/** The search ends when the bounds are this near to each other. */
const PRECISION = 1.05;
/** Tried around what an overloaded target got done. */
const BELOW_CAPACITY = 0.96;
const ABOVE_CAPACITY = 1.02;
export const MAX_SEARCH_POINTS = 10;

/**
 * The next rate of a search for the knee between `low` and `high`: both ends first, then around what the target got
 * done at the lowest rate that it did not sustain, which is its capacity unless overload makes it do less, then the
 * geometric middle.
 *
 * @returns undefined when the knee is known to 5 %, lies outside the bounds, or too many points were tried
 */
export function nextSearchRate(low: number, high: number, tried: readonly Tried[]): number | undefined {
  if (tried.length >= MAX_SEARCH_POINTS) return undefined;
  const at = (rate: number) => tried.find((each) => each.rate === rate);
  const first = at(low);
  if (first === undefined) return low;
  if (first.sustained !== true || low === high) return undefined;
  const last = at(high);
  if (last === undefined) return high;
  const failed = tried.filter(({ sustained }) => sustained !== true).sort((a, b) => a.rate - b.rate)[0];
  if (failed === undefined) return undefined;
  const best = Math.max(...tried.flatMap((each) => (each.sustained && each.rate < failed.rate ? [each.rate] : [])));
  if (failed.rate / best <= PRECISION) return undefined;
  const guesses = [failed.servedRps * BELOW_CAPACITY, failed.servedRps * ABOVE_CAPACITY, Math.sqrt(best * failed.rate)];
  // A guess at the edge of what is known would say little.
  const margin = Math.min(1.01, Math.sqrt(failed.rate / best));
  return guesses
    .map(neat)
    .find((rate) => rate > best * margin && rate < failed.rate / margin && at(rate) === undefined);
}

/** Three digits: a rate is also a file name and a word in a report. */
function neat(rate: number): number {
  return Number(rate.toPrecision(3));
}
