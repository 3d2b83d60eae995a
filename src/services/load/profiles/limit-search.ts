import { type Evidence, type Limit, limitOf } from './limit-estimate.ts';

export interface LimitSearch {
  /** Bounds of what is offered: rates, or numbers of open requests. */
  readonly low: number;
  readonly high: number;
  /** Of a point, as it was asked for, and at most where that does not tell. */
  readonly durationSeconds: number;
  readonly maxDurationSeconds: number;
  /** Only whole numbers can be offered. */
  readonly whole?: boolean;
}

/** A point of such a search: evidence, as far as it tells. */
export interface LimitTried extends Evidence {
  /** Whether every objective held, as the point's own figures say. */
  readonly held: boolean;
  /** Offered again, or a higher one, it would tell nothing either: this machine is the limit. */
  readonly invalid?: boolean;
}

export interface Offer {
  readonly rate: number;
  readonly durationSeconds: number;
}

export const MAX_LIMIT_POINTS = 10;
/** The answer is as near as this to the limit, as a factor. */
export const PRECISION = 1.02;
/** From this standard error on, of the limit's logarithm, short points tell more than long ones cost. */
const WIDE = 0.03;
/** The last points are offered on both sides of the limit, by turns: what is on its side for certain bounds it. */
const SIDES = { below: 0.992, above: 1.012, near: 1.04 } as const;
/**
 * So many points are kept for an answer where none held that near to the limit, as a factor; at most so far below it, and the
 * last one a little farther than others, so that it rather holds.
 */
const ANSWERS = { points: 2, near: 1.01, last: 0.991 } as const;
const SAFE = 0.987;
/** Requests of a point, at the least; and of the one at the lower end, which mostly tells little. */
const ENOUGH_TO_SEE = 200;
const AT_LOW = 40;

/** What the points together say; undefined where none says anything. */
export function limitSeen(search: LimitSearch, tried: readonly LimitTried[]): Limit | undefined {
  const telling = tried.filter(({ readings }) => readings.length > 0);
  return telling.length === 0 ? undefined : limitOf(telling, search.low, search.high);
}

/** The highest point that is as near to the limit as is asked for, for certain, and held. */
export function answerOf({ whole }: LimitSearch, tried: readonly LimitTried[], { low, middle, high }: Limit) {
  const top = whole ? Math.floor(high) : high;
  const bottom = whole ? Math.floor(low) : low;
  const near = tried.filter(
    ({ offered, held, readings }) =>
      readings.length > 0 && held && offered <= middle && offered * PRECISION >= top && offered <= bottom * PRECISION,
  );
  return near.toSorted((one, other) => one.offered - other.offered).at(-1);
}

/**
 * The next point of a search for the highest offer that meets its objectives: both ends, then where the limit is as likely
 * above as below, and as soon as it is nearly known, just below it and for as long as the precision takes.
 *
 * @returns undefined when the limit is known to 2 %, lies outside of the bounds, or all points are used
 */
export function nextLimitPoint(search: LimitSearch, tried: readonly LimitTried[]): Offer | undefined {
  const { low, high, durationSeconds, maxDurationSeconds } = search;
  if (tried.length >= MAX_LIMIT_POINTS) return undefined;
  const limit = limitSeen(search, tried);
  if (limit === undefined) {
    // A machine that was busy once may not be so again.
    const enough = Math.max(durationSeconds, Math.min(maxDurationSeconds, AT_LOW / low));
    return tried.length < 2 ? { rate: low, durationSeconds: Math.ceil(enough) } : undefined;
  }
  if (limit.below > 0.99) return undefined;
  if (high > low && tried.every(({ offered }) => offered !== high)) return { rate: high, durationSeconds };
  if (limit.above > 0.99 || answerOf(search, tried, limit) !== undefined) return undefined;
  const aim = limit.error > WIDE ? middleOf(search, tried, limit) : besideOf(search, tried, limit);
  const rate = Math.min(high, Math.max(low, aim));
  const next = Math.min(rate, belowMachine(search, tried));
  return next > 0 ? { rate: next, durationSeconds: Math.ceil(lengthOf(search, tried, limit, next)) } : undefined;
}

/** So near to what it could offer, a rate that this machine cannot offer leaves nothing to be learnt in between. */
const BESIDE_MACHINE = 1.3;

/** The highest offer that this machine may be able to make; 0 where what it made is about that. */
function belowMachine(search: LimitSearch, tried: readonly LimitTried[]): number {
  const bound = machineLimit(search, tried);
  if (!Number.isFinite(bound)) return bound;
  const made = Math.max(0, ...tried.filter((each) => each.readings.length > 0).map(({ offered }) => offered));
  return made * BESIDE_MACHINE < bound ? neat(search, Math.sqrt(made * bound)) : 0;
}

/** The lowest offer that this machine could not make twice, or not at the upper end. */
function machineLimit({ high }: LimitSearch, tried: readonly LimitTried[]): number {
  const invalid = tried.filter((each) => each.invalid).map(({ offered }) => offered);
  const again = invalid.filter((one, i) => one === high || invalid.some((other, j) => j < i && other <= one * 1.01));
  return Math.min(...again);
}

/** As likely too high as too low; of whole numbers one that was not tried yet, as long as one is left in between. */
function middleOf(search: LimitSearch, tried: readonly LimitTried[], { middle }: Limit): number {
  const aim = neat(search, middle);
  const telling = tried.filter(({ readings }) => readings.length > 0);
  if (!search.whole || telling.every(({ offered }) => offered !== aim)) return aim;
  const held = Math.max(0, ...telling.filter((each) => each.held).map(({ offered }) => offered));
  const missed = Math.min(...telling.filter((each) => !each.held && each.offered > held).map(({ offered }) => offered));
  return Number.isFinite(missed) && missed > held + 1 ? Math.floor((held + missed) / 2) : aim;
}

/**
 * Beside the limit, on the side on which less was measured near to it; below for the last points where none held yet, since
 * one of them is the answer.
 */
function besideOf(search: LimitSearch, tried: readonly LimitTried[], { middle, error }: Limit): number {
  const { below, above, near } = SIDES;
  const reach = search.whole ? Math.max(near, (middle + 1) / middle) : near;
  const within = (from: number, to: number) => tried.filter(({ offered }) => offered >= from && offered <= to);
  const seconds = (points: readonly LimitTried[]) => points.reduce((sum, each) => sum + each.durationSeconds, 0);
  const left = MAX_LIMIT_POINTS - tried.length;
  const isAnswer = left <= ANSWERS.points && !within(middle / ANSWERS.near, middle).some(({ held }) => held);
  const isBelow = isAnswer || seconds(within(middle / reach, middle)) <= seconds(within(middle, middle * reach));
  if (search.whole) return Math.floor(middle) + (isBelow ? 0 : 1);
  // Where the limit is not known well, a little farther below, so that it holds.
  const early = Math.max(SAFE, Math.min(below, Math.exp(-error)));
  const safe = !isAnswer ? below : left > 1 ? early : Math.min(early, ANSWERS.last);
  return neat(search, middle * (isBelow ? safe : above));
}

/** Standard error, of the logarithm of the limit, with which an answer just below it is near enough for certain. */
const NEAR_ENOUGH = 0.0035;
/** From the first point between the ends to the one that is as long as may be: what is short tells little, and points are few. */
const STEPS = 4;

/** Longer from point to point, up to what may be; near to the limit no longer than it takes until that is known. */
function lengthOf(search: LimitSearch, tried: readonly LimitTried[], limit: Limit, rate: number): number {
  const { low, high, maxDurationSeconds } = search;
  const inner = tried.filter(({ offered, readings }) => offered > low && offered < high && readings.length > 0);
  const shortest = Math.min(maxDurationSeconds, Math.max(search.durationSeconds, ENOUGH_TO_SEE / rate));
  const longest = Math.max(shortest, ...inner.map((each) => each.durationSeconds));
  const grown = shortest * (maxDurationSeconds / shortest) ** Math.min(1, inner.length / STEPS);
  if (limit.error > WIDE) return Math.max(shortest, Math.min(grown, maxDurationSeconds / 6));
  return Math.min(maxDurationSeconds, Math.max(longest, Math.min(grown, 1.5 * secondsFor(tried, limit))));
}

/** Seconds of one more point after which the limit would be known, by what the longest points near to it said. */
export function secondsFor(tried: readonly LimitTried[], { slopes, middle, error }: Limit): number {
  const near = tried.filter(({ offered }) => Math.abs(Math.log(offered / middle)) < 0.25);
  const wanted = [...slopes].map(([name, slope]) => {
    const known = near.flatMap(({ durationSeconds, readings }) => {
      const reading = readings.find((each) => each.name === name && each.bound === undefined);
      return reading === undefined ? [] : [{ durationSeconds, error: reading.error / slope }];
    });
    if (known.length === 0) return Number.POSITIVE_INFINITY;
    const best = known.reduce((one, other) => (other.durationSeconds > one.durationSeconds ? other : one));
    const perSecond = 1 / (best.error ** 2 * best.durationSeconds);
    return Math.max(1 / NEAR_ENOUGH ** 2 - 1 / error ** 2, 0.3 / NEAR_ENOUGH ** 2) / perSecond;
  });
  return Math.max(...wanted);
}

/** Four digits: a rate is also a file name and a word in a report. */
function neat({ whole }: LimitSearch, offered: number): number {
  return whole ? Math.max(1, Math.floor(offered)) : Number(offered.toPrecision(4));
}
