import { defined } from '../defined.ts';
import type { Interval, PointSummary, SweepPlan, SweepReport } from '../load/types.ts';
import { countingPoints } from './counting-points.ts';
import { isSound, verdictOf } from './verdict.ts';

/** Goodput in successes per second, percentiles of the response time in milliseconds. */
const MEASURES = ['goodput', 'p50', 'p90', 'p95', 'p99'] as const;

type Verdict = 'better' | 'worse' | 'no difference shown';

export interface MeasureDiff {
  readonly measure: (typeof MEASURES)[number];
  readonly a: number;
  readonly b: number;
  /** B minus A. */
  readonly difference: number;
  /** 95 % interval of the difference; absent when a sample is too small to bound the percentile. */
  readonly ci?: Interval;
  readonly verdict: Verdict;
}

interface PointDiff {
  readonly rate: number;
  /** `worse` when any measure is worse: a gain elsewhere does not make up for it. */
  readonly verdict: Verdict | 'not comparable';
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

export interface RunName
  extends Pick<SweepPlan, 'runId' | 'tag' | 'targetUrl' | 'simulated' | 'sharedPrefixTokens' | 'loop'> {
  /** Of a run that is not complete. */
  readonly status?: SweepReport['status'];
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
  const inA = new Set(ofA.map(({ rate }) => rate));
  const inB = new Map(ofB.map((point) => [point.rate, point]));
  const again = new Set([...repeated(a.points), ...repeated(b.points)]);
  const whole = runsDiffer(a.plan, b.plan, options);
  return {
    a: nameOf(a),
    b: nameOf(b),
    tolerance: options.tolerance,
    points: ofA.flatMap((point) => {
      const other = inB.get(point.rate);
      return other === undefined ? [] : [diffPoints(point, other, whole, options.tolerance)];
    }),
    again: [...again].filter((rate) => inA.has(rate) && inB.has(rate)),
    onlyA: [...inA].filter((rate) => !inB.has(rate)),
    onlyB: [...inB.keys()].filter((rate) => !inA.has(rate)),
  };
}

function repeated(points: readonly PointSummary[]): number[] {
  const rates = points.map(({ rate }) => rate);
  return rates.filter((rate, index) => rates.indexOf(rate) < index);
}

function nameOf({
  plan: { runId, tag, targetUrl, simulated, sharedPrefixTokens, loop },
  status,
}: SweepReport): RunName {
  const partly = status === 'complete' ? undefined : status;
  return defined({ runId, tag, targetUrl, simulated, sharedPrefixTokens, loop, status: partly });
}

/** Why no point of these runs can be compared. */
function runsDiffer(a: SweepPlan, b: SweepPlan, { anyTarget }: DiffOptions): string | undefined {
  if (a.loop !== b.loop)
    return `only ${a.loop === 'closed' ? 'A' : 'B'} was a closed loop: its times lack the wait that an open one shows`;
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
  const measures = MEASURES.flatMap((measure) => diffMeasure(measure, a, b, tolerance));
  const has = (wanted: Verdict) => measures.some(({ verdict }) => verdict === wanted);
  return { rate, verdict: has('worse') ? 'worse' : has('better') ? 'better' : 'no difference shown', measures };
}

function unsound(run: string, point: PointSummary): string | undefined {
  if (isSound(point)) return undefined;
  const why = point.status === 'complete' ? (point.contaminated ?? point.validity) : '';
  const word = verdictOf(point);
  return `${word} in ${run}${why === '' ? '' : `: ${why.replace(`${word}: `, '')}`}`;
}

function diffMeasure(
  measure: MeasureDiff['measure'],
  a: PointSummary,
  b: PointSummary,
  tolerance: number,
): MeasureDiff[] {
  const [ofA, ofB] = [figureOf(measure, a), figureOf(measure, b)];
  if (ofA === undefined || ofB === undefined) return [];
  const difference = ofB.value - ofA.value;
  const ci = ofA.ci && ofB.ci && differenceInterval(ofA.value, ofA.ci, ofB.value, ofB.ci);
  const shown = ci !== undefined && (ci[0] > 0 || ci[1] < 0) && Math.abs(difference) > tolerance * Math.abs(ofA.value);
  const isGain = measure === 'goodput' ? difference > 0 : difference < 0;
  const verdict = !shown ? 'no difference shown' : isGain ? 'better' : 'worse';
  return [{ measure, a: ofA.value, b: ofB.value, difference, ...(ci === undefined ? {} : { ci }), verdict }];
}

function figureOf(measure: MeasureDiff['measure'], { rate, loop, okRps, scheduled, outcomes, response }: PointSummary) {
  // The rate of a closed loop is an outcome, whose spread one run does not tell.
  if (measure === 'goodput' && loop === 'closed') return { value: okRps, ci: undefined };
  if (measure !== 'goodput') return response && { value: response[measure], ci: response.ci[measure] };
  // Requests are due at fixed times, so what varies is the share of them that succeeds.
  const [low, high] = wilson(outcomes.ok, scheduled);
  const ci: Interval = [rate * low, rate * high];
  return { value: scheduled === 0 ? 0 : (rate * outcomes.ok) / scheduled, ci };
}

/** 97.5th percentile of the standard normal distribution: two-sided 95 %. */
const Z = 1.959964;

/** The 95 % interval of a share, 0 to 1, by Wilson's score (JASA 22, 1927), which holds near 0 and 1, too. */
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
