import { plural } from '../../words.ts';
import type { Outcome, PointState, SweepPlan } from '../types.ts';
import { isCertainlyAbove } from './binomial.ts';
import {
  type Arrivals,
  arrivalsInOrder,
  arrivedBetween,
  type InFlight,
  inFlightCourse,
  littlesLaw,
} from './in-flight.ts';
import { mean } from './samples-over-time.ts';
import { batchTrend, rankTrend } from './trend.ts';

/** Less says nothing about a trend. */
const MIN_REQUESTS = 5;
/** With fewer, ranks are judged: they would make no batches. Also what an undecided point is to have at the least. */
const FEW_REQUESTS = 50;
/** What a point without anything to judge is to have. */
const SOME_REQUESTS = 20;
/**
 * What times grow by per second of arrivals is, of a target that is offered more than it serves, the part that it does
 * not serve. `batches`: least growth that is an overload, and of how many standard errors; `ranks`: the same of a handful,
 * in standard deviations of Kendall's S, with so many requests that may pass for independent. `flat`: growth that so many standard errors have to stay below for a steady
 * point. All are drawn from simulated queues: `npm run bench:load -- steadiness` tells how often they are right.
 */
const TREND = {
  batches: { share: 0.03, errors: 5.5 },
  ranks: { share: 0.1, deviations: 3.3, independent: 25 },
  flat: { share: 0.1, errors: { batches: 2.8, ranks: 1.2 } },
} as const;
/** Part of the offered rate that a steady target serves at the least; a handful of overloaded requests less than the second. */
const SERVED = { steady: 0.95, handful: 0.9 } as const;
/** All but a few answers may take this part of the window: else most of it shows how the target fills. */
const LONGEST_SHARE = 0.25;
const FEW_ANSWERS = 0.02;
/** Standard errors by which the two sides of Little's law may differ, or the part of what is in flight that is nothing. */
const LITTLE = { errors: 2, share: 0.02 } as const;
/** Part of the requests that may fail before the target is not keeping up. */
const FAILED_SHARE = 0.02;
const REFUSED = [429, 502, 503, 504];

export interface SteadinessInput {
  /** Requests that came due, per second. */
  readonly rate: number;
  readonly durationSeconds: number;
  /** Milliseconds since the window's beginning at which each request was sent; in any order. */
  readonly sentMs: ArrayLike<number>;
  /** End minus sent, milliseconds, in the same order; of what did not end, the time that it was open. */
  readonly serviceMs: ArrayLike<number>;
  /** What was seen in flight while the point ran, warm-up requests included. */
  readonly observed: InFlight;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly statuses: ReadonlyMap<number, number>;
  readonly dropped: number;
  /** It ended because it had sent as many requests as it shall: no duration makes it longer. */
  readonly isCounted?: boolean;
  /** At what rate successes came, window and drain together, per second. */
  readonly servedRps: number;
}

const CHANGES = {
  stages: 'the rate changes within the point (--stages)',
  trace: 'requests come as in the trace',
} as const;

/** Of a point whose rate changes on purpose: there is no state that it could be in. */
export function changingState({ workload }: Pick<SweepPlan, 'workload'>): PointState | undefined {
  const { varies } = workload ?? {};
  return varies && { state: 'unknown', reason: `${CHANGES[varies]}: nothing is steady, and no state is judged` };
}

/**
 * Steady, filling or overloaded; `unknown` where the point is no evidence of either. A target that is offered more than
 * it serves lets whoever comes later wait longer, and serves less than it is offered; both have to be seen. One that
 * keeps up shows neither, within errors that leave no room for them, and obeys Little's law. Where answers are long against
 * the window, a target that is only being filled has more and more in flight, too.
 */
export function judgeState(input: SteadinessInput): PointState {
  const total = Object.values(input.outcomes).reduce((sum, count) => sum + count, 0);
  if (input.sentMs.length < MIN_REQUESTS) {
    const why = `only ${plural(input.sentMs.length, 'request')} sent`;
    return { state: 'unknown', ...advised(input, why, 0, SOME_REQUESTS / input.rate) };
  }
  if (input.outcomes.ok === 0) {
    const reason = total === 1 ? 'the only request did not succeed' : `none of ${total} requests succeeded`;
    return { state: 'unknown', reason };
  }
  const evidence = evidenceOf(input);
  const { course, little, growth, servedShare, tookSeconds } = evidence;
  const sides = { expected: rounded(little.expected), observed: rounded(little.observed) };
  const figures = { inFlightSlope: rounded(course.slope), little: sides };
  const observed = `in flight ${signed(course.slope)}/s around a mean of ${course.mean.toFixed(1)}`;
  const judged = (state: PointState['state'], rest: string) => ({ state, reason: `${observed}${rest}`, ...figures });
  const overloaded = (why: string) => judged('overloaded', `, and ${why}`);
  if (input.dropped > 0) return overloaded(`${input.dropped} requests found no place below the bound`);
  const refused = REFUSED.reduce((sum, status) => sum + (input.statuses.get(status) ?? 0), 0);
  if (isCertainlyAbove(refused, total, FAILED_SHARE)) return overloaded(`${shareOf(refused, total)} were refused`);
  const later = growth === undefined ? '' : `each second of arrivals waits ${(growth * 1000).toFixed(0)} ms longer`;
  if (growth !== undefined && evidence.isServedLess) return overloaded(later);
  const unserved = unservedOf(input, total);
  if (unserved !== undefined) return judged('unknown', `, but ${unserved}`);
  if (course.grows && tookSeconds > LONGEST_SHARE * input.durationSeconds) {
    const why = `${observed} while answers take ${seconds(tookSeconds)}: the window is short against them`;
    return { ...judged('filling', ''), ...advised(input, why, tookSeconds) };
  }
  if (course.grows && servedShare < SERVED.steady && input.sentMs.length >= FEW_REQUESTS) {
    return overloaded(servedReason(input));
  }
  const doubt = growth === undefined ? doubtOf(input, evidence) : later;
  if (doubt === undefined) return judged('steady', `; Little's law expects ${little.expected.toFixed(1)}`);
  return { state: 'unknown', ...advised(input, `${observed}, but ${doubt}`, tookSeconds), ...figures };
}

/** What the judgement goes by. */
function evidenceOf(input: SteadinessInput) {
  const window = input.durationSeconds * 1000;
  const all = arrivalsInOrder(input.sentMs, input.serviceMs);
  const sorted = all.took.slice().sort();
  const servedShare = input.servedRps / input.rate;
  const isHandful = all.at.length < FEW_REQUESTS;
  return {
    course: inFlightCourse(input.observed, all, window / 4, (window * 3) / 4),
    little: littlesLaw(all, window / 4, (window * 3) / 4),
    /** What all but a few answers take at most, and no less than their mean: time in system, seconds. */
    tookSeconds: Math.max(mean(all.took), sorted[Math.ceil(sorted.length * (1 - FEW_ANSWERS)) - 1] ?? 0) / 1000,
    servedShare,
    isServedLess: servedShare < (isHandful ? SERVED.handful : SERVED.steady),
    ...(isHandful ? judgeRanks(all) : judgeBatches(all, window)),
  };
}

interface Growth {
  /** Seconds that each second of arrivals waits longer, where that is certain. */
  readonly growth: number | undefined;
  /** No growth that matters can hide in the errors. */
  readonly isFlat: boolean;
}

function judgeRanks(all: Arrivals): Growth {
  const { slope, error, z } = rankTrend(all);
  const { ranks, flat } = TREND;
  // Neighbours wait in the same queue: the more there are, the less each is a sample of its own.
  const deviations = ranks.deviations * Math.sqrt(Math.max(1, all.at.length / ranks.independent));
  return {
    growth: z > deviations && slope > ranks.share ? slope : undefined,
    isFlat: slope + flat.errors.ranks * error < flat.share,
  };
}

/**
 * Of all arrivals, of those after the first quarter of the window (what comes last has waited longest) and of those in
 * its first half (where many share one target, the last ones gain when no more come).
 */
function judgeBatches(all: Arrivals, window: number): Growth {
  const trendOf = (part: Arrivals) => (part.at.length < FEW_REQUESTS ? [] : [batchTrend(part)]);
  const later = [all, arrivedBetween(all, window / 4, Number.POSITIVE_INFINITY)].flatMap(trendOf);
  const trends = [...later, ...trendOf(arrivedBetween(all, 0, window / 2))];
  const { batches, flat } = TREND;
  const growing = trends.filter(({ slope, error }) => slope > batches.share && slope > batches.errors * error);
  return {
    growth: growing[0]?.slope,
    isFlat: later.every(({ slope, error }) => slope + flat.errors.batches * error < flat.share),
  };
}

/** Of a point in which requests went without an answer that says something about the load: which. No duration helps. */
function unservedOf(input: SteadinessInput, total: number): string | undefined {
  const { ok, incomplete, timeout } = input.outcomes;
  const more = hangs(input) ?? ((flag: string) => `a longer ${flag} would show more`);
  if (incomplete > FAILED_SHARE * total) {
    return `${shareOf(incomplete, total)} were still open when the drain ended; ${more('--drain')}`;
  }
  if (timeout > FAILED_SHARE * total) return `${shareOf(timeout, total)} timed out; ${more('--timeout')}`;
  const failed = total - ok - incomplete - timeout;
  return failed > FAILED_SHARE * total ? `${shareOf(failed, total)} failed` : undefined;
}

/** Of the wait for what never ended, the part that the slowest other answer took at most, where more time would not help. */
const GAP = 0.5;

/** Whether what did not end hangs: everything else took far less time than these were given. */
function hangs({ outcomes: { incomplete, timeout }, serviceMs }: SteadinessInput): (() => string) | undefined {
  const sorted = Float64Array.from(serviceMs).sort();
  const open = sorted.length - incomplete - timeout;
  const [slowest, given = 0] = [sorted[open - 1], sorted[open]];
  if (slowest === undefined || slowest > GAP * given) return undefined;
  return () =>
    `these hang, since no other answer took longer than ${slowest < 1000 ? `${figure(slowest)} ms` : seconds(slowest / 1000)}`;
}

/** Why a point in which nothing was seen to be wrong is no evidence that nothing is. */
function doubtOf(input: SteadinessInput, evidence: ReturnType<typeof evidenceOf>): string | undefined {
  const { tookSeconds, servedShare, little, isFlat } = evidence;
  if (tookSeconds > LONGEST_SHARE * input.durationSeconds) {
    return `answers take ${seconds(tookSeconds)}, more than a quarter of the window`;
  }
  if (servedShare < SERVED.steady) return servedReason(input);
  // One request more or less falls into the span by the clock alone.
  const one = tookSeconds / (input.durationSeconds / 2);
  const allowed = Math.max(LITTLE.errors * little.error, LITTLE.share * little.observed, one);
  if (Math.abs(little.expected - little.observed) > allowed) {
    return `Little's law expects ${little.expected.toFixed(1)} where ${little.observed.toFixed(1)} were in flight`;
  }
  if (isFlat) return undefined;
  return `the answers of ${input.sentMs.length} requests differ too much to tell a trend from chance`;
}

/**
 * Why nothing is certain, and which duration would show more: at least twice as long, enough requests for batches, and
 * four times as long as answers take, with some to spare.
 */
function advised(input: SteadinessInput, why: string, tookSeconds: number, atLeast = 0) {
  if (input.isCounted === true) return { reason: `${why}; a larger --requests would show more` };
  const { rate, durationSeconds, sentMs } = input;
  const forBatches = atLeast === 0 && sentMs.length < FEW_REQUESTS ? (1.2 * FEW_REQUESTS) / rate : 0;
  const double = atLeast === 0 ? 2 * durationSeconds : durationSeconds + 1;
  const needed = Math.max(atLeast, double, forBatches, (1.1 / LONGEST_SHARE) * tookSeconds);
  const unit = needed > 120 ? 30 : needed > 20 ? 10 : 5;
  const suggestedDurationSeconds = Math.ceil(needed / unit) * unit;
  return { reason: `${why}; --duration ${suggestedDurationSeconds}s would show more`, suggestedDurationSeconds };
}

function servedReason({ servedRps, rate }: SteadinessInput): string {
  return `answers come at ${figure(servedRps)}/s where ${figure(rate)}/s are offered`;
}

function shareOf(count: number, total: number): string {
  return `${((100 * count) / total).toFixed(1)} %`;
}

function seconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} s`;
}

/** Three digits, without trailing zeros. */
function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(Math.abs(value) < 0.1 ? 2 : 1);
  return Number(text) === 0 ? '±0' : `${value < 0 ? '-' : '+'}${text}`;
}

function rounded(value: number): number {
  // Never -0, which JSON does not keep.
  return Math.round(value * 100) / 100 + 0;
}
