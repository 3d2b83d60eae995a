import type { Interval, PointSummary, SweepReport } from '../load/types.ts';
import { countingPoints } from './counting-points.ts';
import { isSound, verdictOf } from './verdict.ts';

/** Goodput in successes per second, percentiles of the response time in milliseconds. */
type Measure = 'goodput' | 'p50' | 'p90' | 'p95' | 'p99';

export interface MeasureDiff {
  readonly measure: Measure;
  readonly a: number;
  readonly b: number;
  /** B minus A. */
  readonly difference: number;
  /** 95 % interval of the difference; absent when a sample is too small to bound the percentile. */
  readonly ci?: Interval;
  readonly verdict: 'better' | 'worse' | 'no difference shown';
}

interface PointDiff {
  readonly rate: number;
  /** `worse` when any measure is worse: a gain elsewhere does not make up for it. */
  readonly verdict: 'better' | 'worse' | 'no difference shown' | 'not comparable';
  /** Of a point that is not comparable. */
  readonly reason?: string;
  /** Empty when not comparable. */
  readonly measures: readonly MeasureDiff[];
}

export interface RunDiff {
  readonly a: RunName;
  readonly b: RunName;
  /** Differences below this share of A's value are not told apart from none. */
  readonly tolerance: number;
  readonly points: readonly PointDiff[];
  /** Compared rates that a run offered more than once: the last point of each counts. */
  readonly again: readonly number[];
  /** Rates that only one of the runs offered. */
  readonly onlyA: readonly number[];
  readonly onlyB: readonly number[];
}

export interface RunName {
  readonly runId: string;
  readonly tag: string;
  readonly targetUrl: string;
  readonly simulated: boolean;
  /** About so many tokens that its prompts had in common. */
  readonly sharedPrefixTokens?: number;
}

export interface DiffOptions {
  /** Share of A's value, 0.02 is 2 %. */
  readonly tolerance: number;
  /** Compare although the addresses differ: the same service after a new deployment. */
  readonly anyTarget: boolean;
}

/**
 * Compares two runs per common rate. A difference counts when its 95 % interval leaves out zero, and when it is larger
 * than the tolerance: with many requests, differences show that nobody would notice. Of a rate that a run offered more
 * than once, the point that counts is compared (see {@link countingPoints}).
 */
export function diffRuns(a: SweepReport, b: SweepReport, options: DiffOptions): RunDiff {
  const [ofA, ofB] = [countingPoints(a.points), countingPoints(b.points)];
  const inB = new Map(ofB.map((point) => [point.rate, point]));
  const inA = new Set(ofA.map(({ rate }) => rate));
  const whole = runsDiffer(a, b, options);
  return {
    a: nameOf(a),
    b: nameOf(b),
    tolerance: options.tolerance,
    points: ofA.flatMap((point) => {
      const other = inB.get(point.rate);
      return other === undefined ? [] : [diffPoints(point, other, whole, options.tolerance)];
    }),
    again: [...new Set([a, b].flatMap(({ points }) => repeated(points)))].filter(
      (rate) => inA.has(rate) && inB.has(rate),
    ),
    onlyA: ofA.map(({ rate }) => rate).filter((rate) => !inB.has(rate)),
    onlyB: ofB.map(({ rate }) => rate).filter((rate) => !inA.has(rate)),
  };
}

function repeated(points: readonly PointSummary[]): number[] {
  const rates = points.map(({ rate }) => rate);
  return rates.filter((rate, index) => rates.indexOf(rate) < index);
}

function nameOf({ plan: { runId, tag, targetUrl, simulated, sharedPrefixTokens } }: SweepReport): RunName {
  return { runId, tag, targetUrl, simulated, ...(sharedPrefixTokens === undefined ? {} : { sharedPrefixTokens }) };
}

/** Why no point of these runs can be compared. */
function runsDiffer(
  { plan: a }: SweepReport,
  { plan: b }: SweepReport,
  { anyTarget }: DiffOptions,
): string | undefined {
  if (a.simulated !== b.simulated) return `only ${a.simulated ? 'A' : 'B'} was simulated`;
  if (a.targetUrl !== b.targetUrl && !anyTarget) return `other target: ${a.targetUrl} and ${b.targetUrl}`;
  if (a.durationSeconds !== b.durationSeconds)
    return `other duration: ${a.durationSeconds} s and ${b.durationSeconds} s`;
  if (a.timeoutSeconds !== b.timeoutSeconds) return `other timeout: ${a.timeoutSeconds} s and ${b.timeoutSeconds} s`;
  return undefined;
}

function diffPoints(a: PointSummary, b: PointSummary, whole: string | undefined, tolerance: number): PointDiff {
  const { rate } = a;
  const reason = whole ?? unsound('A', a) ?? unsound('B', b);
  if (reason !== undefined) return { rate, verdict: 'not comparable', reason, measures: [] };
  const measures = [goodput(a, b, tolerance), ...percentiles(a, b, tolerance)];
  const has = (verdict: MeasureDiff['verdict']) => measures.some((measure) => measure.verdict === verdict);
  return { rate, verdict: has('worse') ? 'worse' : has('better') ? 'better' : 'no difference shown', measures };
}

function unsound(run: string, point: PointSummary): string | undefined {
  if (isSound(point)) return undefined;
  const why = point.status === 'complete' ? (point.contaminated ?? point.validity) : '';
  const word = verdictOf(point);
  return `${word} in ${run}${why === '' ? '' : `: ${why.replace(`${word}: `, '')}`}`;
}

/** Requests are due at fixed times, so what varies is the share of them that succeeds. */
function goodput(a: PointSummary, b: PointSummary, tolerance: number): MeasureDiff {
  const perSecond = ({ outcomes, scheduled, rate }: PointSummary): [value: number, ci: Interval] => {
    const [low, high] = wilson(outcomes.ok, scheduled);
    return [scheduled === 0 ? 0 : (rate * outcomes.ok) / scheduled, [rate * low, rate * high]];
  };
  const [fromA, ciA] = perSecond(a);
  const [fromB, ciB] = perSecond(b);
  return judged('goodput', fromA, fromB, differenceInterval(fromA, ciA, fromB, ciB), tolerance, 1);
}

function percentiles(a: PointSummary, b: PointSummary, tolerance: number): MeasureDiff[] {
  const { response: ofA } = a;
  const { response: ofB } = b;
  if (ofA === undefined || ofB === undefined) return [];
  return (['p50', 'p90', 'p95', 'p99'] as const).map((name) => {
    const [ciA, ciB] = [ofA.ci[name], ofB.ci[name]];
    const ci = ciA === undefined || ciB === undefined ? undefined : differenceInterval(ofA[name], ciA, ofB[name], ciB);
    return judged(name, ofA[name], ofB[name], ci, tolerance, -1);
  });
}

/** @param good sign of a difference that is welcome */
function judged(
  measure: Measure,
  a: number,
  b: number,
  ci: Interval | undefined,
  tolerance: number,
  good: 1 | -1,
): MeasureDiff {
  const difference = b - a;
  const shown = ci !== undefined && (ci[0] > 0 || ci[1] < 0) && Math.abs(difference) > tolerance * Math.abs(a);
  const verdict = !shown ? 'no difference shown' : Math.sign(difference) === good ? 'better' : 'worse';
  return { measure, a, b, difference, ...(ci === undefined ? {} : { ci }), verdict };
}

/** 97.5th percentile of the standard normal distribution: two-sided 95 %. */
const Z = 1.959964;

/**
 * The 95 % interval of a share by Wilson's score (JASA 22, 1927), which holds near 0 and 1, too.
 *
 * @returns shares from 0 to 1
 */
export function wilson(successes: number, trials: number): Interval {
  if (trials === 0) return [0, 1];
  const p = successes / trials;
  const spread = Z ** 2 / trials;
  const middle = (p + spread / 2) / (1 + spread);
  const half = (Z / (1 + spread)) * Math.sqrt((p * (1 - p)) / trials + spread / (4 * trials));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * The 95 % interval of b - a from the intervals of both, which may be lopsided: the method of variance estimates
 * recovery (Zou and Donner, Statistics in Medicine 27, 2008; for shares Newcombe's hybrid score interval of 1998).
 * Both samples have to be independent.
 */
export function differenceInterval(a: number, ofA: Interval, b: number, ofB: Interval): Interval {
  return [b - a - Math.hypot(b - ofB[0], ofA[1] - a), b - a + Math.hypot(ofB[1] - b, a - ofA[0])];
}
