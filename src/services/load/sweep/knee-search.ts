/** What a point said to the search. */
export interface Tried {
  readonly rate: number;
  /** `undefined`: the point does not tell, because it is invalid, too short or was interrupted. */
  readonly sustained: boolean | undefined;
  /** What the target got done while it had more than it could do, per second. */
  readonly servedRps: number;
}

/** The search ends when the bounds are this near to each other. */
const PRECISION = 1.06;
/**
 * Tried around what an overloaded target got done, in this order. That is its capacity, or somewhat less: queues fill
 * and empty at the ends of a point.
 */
const AROUND_CAPACITY = [1.02, 0.975, 1.12];
export const MAX_SEARCH_POINTS = 10;

/**
 * The next rate of a search for the knee between `low` and `high`: both ends first, then around what the target got
 * done at the lowest rate that it did not sustain, then the geometric middle. A point that does not tell is a bound only
 * where nothing better is known.
 *
 * @returns undefined when the knee is known to 6 %, lies outside the bounds, or too many points were tried
 */
export function nextSearchRate(low: number, high: number, tried: readonly Tried[]): number | undefined {
  if (tried.length >= MAX_SEARCH_POINTS) return undefined;
  const at = (rate: number) => tried.find((each) => each.rate === rate);
  const first = at(low);
  if (first === undefined) return low;
  if (first.sustained === false || low === high) return undefined;
  const last = at(high);
  if (last === undefined) return high;
  if (last.sustained === true) return undefined;
  const ordered = [...tried].sort((a, b) => a.rate - b.rate);
  const failed = ordered.find(({ sustained }) => sustained === false);
  const under = ordered.filter(({ rate, sustained }) => sustained === true && rate < (failed ?? last).rate);
  const best = under.at(-1)?.rate ?? low;
  const bound = failed ?? ordered.find(({ rate, sustained }) => sustained === undefined && rate > best);
  if (bound === undefined || bound.rate / best <= PRECISION) return undefined;
  const guesses = [
    ...(failed === undefined ? [] : AROUND_CAPACITY.map((factor) => failed.servedRps * factor)),
    Math.sqrt(best * bound.rate),
  ];
  // A guess at the edge of what is known would say little.
  const margin = 1.01;
  const isNew = (rate: number) => ordered.every((each) => rate > each.rate * margin || rate < each.rate / margin);
  return guesses.map(neat).find((rate) => rate > best && rate < bound.rate && isNew(rate));
}

/** Three digits: a rate is also a file name and a word in a report. */
function neat(rate: number): number {
  return Number(rate.toPrecision(3));
}
