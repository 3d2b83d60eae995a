import type { Distribution, Interval, PointSummary } from '../load/types.ts';

export type Verdict = 'better' | 'worse' | 'no difference shown';

export interface MeasureDiff {
  /** A name of {@link MEASURES}, e.g. `goodput` or `ttft p99`. */
  readonly measure: string;
  readonly a: number;
  readonly b: number;
  /** B minus A. */
  readonly difference: number;
  /** 95 % interval of the difference; absent when a sample is too small to bound the percentile. */
  readonly ci?: Interval;
  readonly verdict: Verdict;
}

interface Figure {
  readonly value: number;
  readonly ci: Interval | undefined;
}

/** A figure of a point; `per second` where more is better, else a time in milliseconds, of which less is. */
interface Measure {
  readonly name: string;
  readonly unit: 'ms' | 'per second';
  of(point: PointSummary): Figure | undefined;
}

const share = (
  name: string,
  count: (point: PointSummary) => number | undefined,
  perSecond: (point: PointSummary) => number | undefined,
): Measure => ({
  name,
  unit: 'per second',
  of(point) {
    const hits = count(point);
    if (hits === undefined) return undefined;
    const { rate, scheduled, loop } = point;
    // The rate of a closed loop is an outcome, whose spread one run does not tell.
    if (loop === 'closed') return { value: perSecond(point) ?? 0, ci: undefined };
    // Requests are due at fixed times, so what varies is the share of them that succeeds.
    const [low, high] = wilson(hits, scheduled);
    return { value: scheduled === 0 ? 0 : (rate * hits) / scheduled, ci: [rate * low, rate * high] };
  },
});

const times = (
  word: string,
  names: readonly (keyof Distribution['ci'])[],
  of: (point: PointSummary) => Distribution | undefined,
): Measure[] =>
  names.map((name) => ({
    name: `${word}${name}`,
    unit: 'ms',
    of(point) {
      const times = of(point);
      return times && { value: times[name], ci: times.ci[name] };
    },
  }));

/** What is compared, where both runs have it. */
const MEASURES: readonly Measure[] = [
  share(
    'goodput',
    ({ outcomes }) => outcomes.ok,
    ({ okRps }) => okRps,
  ),
  share(
    'good',
    ({ good }) => good?.count,
    ({ good }) => good?.rps,
  ),
  ...times('', ['p50', 'p90', 'p95', 'p99'], ({ response }) => response),
  ...times('ttft ', ['p50', 'p90', 'p95', 'p99'], ({ stream }) => stream?.ttft),
  ...times('itl ', ['p50', 'p95', 'p99'], ({ stream }) => stream?.itl),
  ...times('tpot ', ['p50', 'p95', 'p99'], ({ stream }) => stream?.tpot),
  {
    name: 'tokens/s',
    unit: 'per second',
    of: ({ loop, tokens }) =>
      tokens && { value: tokens.outputPerSecond, ci: loop === 'closed' ? undefined : tokens.ci },
  },
];

/** Whether a measure is a rate, of which more is better. */
export function isRateMeasure(measure: string): boolean {
  return MEASURES.find(({ name }) => name === measure)?.unit === 'per second';
}

/** The measures that both points have. A good request is only what both runs take for one. */
export function diffMeasures(a: PointSummary, b: PointSummary, tolerance: number): MeasureDiff[] {
  return MEASURES.flatMap((measure) => {
    const [ofA, ofB] = [measure.of(a), measure.of(b)];
    if (ofA === undefined || ofB === undefined || (measure.name === 'good' && !isSameGood(a, b))) return [];
    const difference = ofB.value - ofA.value;
    const ci = ofA.ci && ofB.ci && differenceInterval(ofA.value, ofA.ci, ofB.value, ofB.ci);
    const isShown = ci !== undefined && (ci[0] > 0 || ci[1] < 0) && Math.abs(difference) > tolerance * ofA.value;
    const isGain = measure.unit === 'per second' ? difference > 0 : difference < 0;
    const verdict = !isShown ? 'no difference shown' : isGain ? 'better' : 'worse';
    return [{ measure: measure.name, a: ofA.value, b: ofB.value, difference, ...(ci && { ci }), verdict }];
  });
}

function isSameGood(a: PointSummary, b: PointSummary): boolean {
  const limitsOf = ({ good }: PointSummary) =>
    Object.keys(good?.missed ?? {})
      .sort()
      .join();
  return limitsOf(a) === limitsOf(b);
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
