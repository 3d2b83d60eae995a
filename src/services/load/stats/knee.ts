import { defined } from '../../defined.ts';
import type { Knee, PointSummary, Unmeasured } from '../types.ts';
import { isCertainlyAbove } from './binomial.ts';
import { isValid } from './validity.ts';

/** Part of the requests that may fail at a point that is sustained. */
const FAILED_SHARE = 0.02;

/**
 * Whether the target sustained a point; `undefined` where the point does not tell: it was not measured to its end, says
 * more about this machine or the point before, or has too little of everything.
 */
export function isSustained(point: PointSummary): boolean | undefined {
  const { status, contaminated, state, dropped, scheduled, outcomes } = point;
  if (status !== 'complete' || !isValid(point) || contaminated !== undefined) return undefined;
  if (state?.state === 'overloaded' || dropped > 0) return false;
  // At low rates the schedule's own rounding is more than 2 %: 1 request in 0.6 s is 1.67 per second.
  const failed = scheduled - outcomes.ok;
  // What nobody waited for is no failure.
  if (isCertainlyAbove(failed - outcomes.incomplete, scheduled, FAILED_SHARE)) return false;
  return state?.state === 'steady' && failed <= FAILED_SHARE * scheduled ? true : undefined;
}

/**
 * The highest valid point with goodput of at least 98 % of what was offered, a steady number in flight and nothing
 * dropped. Rates above one that was not sustained do not count: an overloaded target that recovers is not a capacity.
 *
 * @returns undefined when no point was sustained
 */
export function judgeKnee(points: readonly PointSummary[]): Knee | undefined {
  const ordered = [...points].sort((a, b) => a.rate - b.rate);
  const above = ordered.find((point) => isSustained(point) === false)?.rate;
  const below = ordered.filter(({ rate }) => above === undefined || rate < above);
  const best = below.findLast((point) => isSustained(point) === true);
  if (best === undefined) return undefined;
  return defined({ rate: best.rate, index: best.index, above });
}

/**
 * Rates above one and below another that were offered and say nothing of the target: this machine spoiled their points, an
 * older load did, or nobody waited for their end. One that another point of the same rate tells of is not among them.
 */
export function unmeasuredRates(points: readonly PointSummary[], from: number, below: number): Unmeasured {
  const why = new Map<number, string>();
  for (const point of points) {
    const reason = whyUnmeasured(point);
    if (reason !== undefined && point.rate > from && point.rate < below) why.set(point.rate, reason);
  }
  for (const point of points) if (whyUnmeasured(point) === undefined) why.delete(point.rate);
  return [...why].map(([rate, reason]) => ({ rate, why: reason })).sort((one, other) => one.rate - other.rate);
}

/** What was left out was not offered. */
function whyUnmeasured({ status, validity, contaminated }: PointSummary): string | undefined {
  if (status === 'skipped') return undefined;
  if (!isValid({ validity })) return validity.replace(/^invalid: /, '');
  if (contaminated !== undefined) return `contaminated: ${contaminated}`;
  return status === 'complete' ? undefined : status;
}
