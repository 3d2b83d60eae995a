/** What a point said to the search. */
export interface Tried {
  readonly rate: number;
  readonly durationSeconds: number;
  /** `undefined`: the point does not tell, because it is invalid, too short or was interrupted. */
  readonly sustained: boolean | undefined;
  /** What the target got done while it had more than it could do, per second. */
  readonly servedRps: number;
  /** This machine is why it does not tell. */
  readonly spoiled?: boolean;
  /** How long a point that does not tell would have to be, where that is known. */
  readonly wantedSeconds?: number;
}

type Offer = Pick<Tried, 'rate' | 'durationSeconds'>;

export interface Search {
  /** Bounds of the rate. */
  readonly low: number;
  readonly high: number;
  /** Of a point, as it was asked for, and at most where that does not tell. */
  readonly durationSeconds: number;
  readonly maxDurationSeconds: number;
}

export const MAX_SEARCH_POINTS = 12;
/** The search ends when the bounds are this near to each other. */
const PRECISION = 1.06;
/** And no longer looks into points that do not tell when they are this near. */
export const NEAR = 1.15;
/**
 * Tried around what an overloaded target got done, in this order. That is its capacity, or somewhat less: queues fill
 * and empty at the ends of a point. Of few requests it is known less well, and what is near to it cannot be told at all.
 */
const AROUND_CAPACITY = { many: [1.02, 0.975, 1.12], few: [0.93, 0.85, 1.12, 0.7] } as const;
/** Requests of a point of the asked duration from which on they are many. */
const MANY = 400;
/** What a point near the capacity is given, so that something can be told from it; and the least that it is offered for. */
export const ENOUGH = 60;
const LEAST = 20;
/** Less served than this part of the rate, and a longer point is not going to show that it is sustained. */
const HOPEFUL = 0.9;
/** A longer point is worth its time from this factor on, and up to so many times what it was, or what is enough. */
const LONGER = { from: 1.3, to: 4 } as const;

/**
 * The next point of a search for the knee between `low` and `high`: both ends first, then around what the target got
 * done at the lowest rate that it did not sustain, then the geometric middle. A point that does not tell is offered again
 * for as long as it takes, within the bound, and one that this machine spoiled once more; where it still does not, it bounds the search and is no evidence.
 *
 * @returns undefined when the knee is known to 6 %, lies outside the bounds, cannot be known better within the bound of
 *   a point, or too many points were tried
 */
export function nextSearchPoint(search: Search, tried: readonly Tried[]): Offer | undefined {
  if (tried.length >= MAX_SEARCH_POINTS) return undefined;
  const { low, high, durationSeconds } = search;
  const latest = tried.at(-1);
  if (latest !== undefined && isWorthAgain(latest, tried))
    return { rate: latest.rate, durationSeconds: latest.durationSeconds };
  // Of each rate the point that was offered last, which was the longest.
  const last = new Map(tried.map((each) => [each.rate, each]));
  const first = last.get(low);
  if (first === undefined) return { rate: low, durationSeconds };
  if (first.sustained === false) return undefined;
  if (low === high) return longer(search, first);
  const top = last.get(high);
  if (top === undefined) return { rate: high, durationSeconds };
  if (top.sustained === true) return undefined;
  const ordered = [...last.values()].sort((one, other) => one.rate - other.rate);
  const failed = ordered.find(({ sustained }) => sustained === false);
  const best = ordered.findLast(({ sustained, rate }) => sustained === true && rate < (failed ?? top).rate);
  const isNear = best !== undefined && failed !== undefined && failed.rate / best.rate <= NEAR;
  // What is certainly sustained elsewhere makes the lowest rate, which takes longest, needless.
  if (latest !== undefined && latest.rate !== low && !isNear) {
    const again = longer(search, latest);
    if (again !== undefined) return again;
  }
  const from = best?.rate ?? low;
  const bound = ordered.find(({ rate, sustained }) => rate > from && sustained !== true);
  if (bound === undefined || bound.rate / from <= PRECISION || (isNear && bound !== failed)) return undefined;
  const telling = (rate: number) => rate * search.maxDurationSeconds >= LEAST || rate * durationSeconds >= LEAST;
  const guess = guesses(search, from, bound, failed).find(
    (rate) => isNew(rate, ordered, from, bound.rate) && telling(rate),
  );
  if (guess === undefined) return best === undefined ? longer(search, first) : undefined;
  const enough = Math.min(search.maxDurationSeconds, Math.ceil(ENOUGH / guess));
  return { rate: guess, durationSeconds: Math.max(durationSeconds, enough) };
}

/** A machine that was busy once may not be so again; what it spoils twice, or could not send at all, is its limit. */
function isWorthAgain({ spoiled, rate, servedRps }: Tried, tried: readonly Tried[]): boolean {
  return spoiled === true && servedRps >= HOPEFUL * rate && tried.filter((each) => each.rate === rate).length === 1;
}

/** The same rate for as long as it takes to tell, if that is longer than it was and within the bound. */
function longer(search: Search, tried: Tried): Offer | undefined {
  const { rate, durationSeconds, sustained, servedRps, wantedSeconds } = tried;
  if (sustained !== undefined || wantedSeconds === undefined || servedRps < HOPEFUL * rate) return undefined;
  const worth = LONGER.to * Math.max(search.durationSeconds, ENOUGH / rate);
  const wanted = Math.min(wantedSeconds, worth, search.maxDurationSeconds);
  return wanted < LONGER.from * durationSeconds ? undefined : { rate, durationSeconds: Math.ceil(wanted) };
}

function guesses({ durationSeconds }: Search, from: number, bound: Tried, failed: Tried | undefined): number[] {
  // What is too short to tell is no evidence, but what it got done is a good place to look at.
  const capacity = (failed ?? (bound.wantedSeconds === undefined ? undefined : bound))?.servedRps ?? 0;
  const factors = AROUND_CAPACITY[capacity * durationSeconds < MANY ? 'few' : 'many'];
  return [...factors.map((factor) => capacity * factor), Math.sqrt(from * bound.rate)].map(neat);
}

/** A guess at the edge of what is known would say little. */
function isNew(rate: number, known: readonly Tried[], from: number, to: number): boolean {
  const margin = 1.01;
  return rate > from && rate < to && known.every((each) => rate > each.rate * margin || rate < each.rate / margin);
}

/** Three digits: a rate is also a file name and a word in a report. */
export function neat(rate: number): number {
  return Number(rate.toPrecision(3));
}
