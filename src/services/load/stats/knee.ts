import type { Knee, PointSummary } from '../types.ts';

/** Goodput against what was offered from which on a point is sustained. */
const GOODPUT_SHARE = 0.98;

/** Whether the target sustained a point; `undefined` where the point does not tell. */
export function isSustained(point: PointSummary): boolean | undefined {
  if (point.status !== 'complete' || point.validity !== 'valid') return undefined;
  if (point.state?.state === 'overloaded' || point.dropped > 0) return false;
  // At low rates the schedule's own rounding is more than 2 %: 1 request in 0.6 s is 1.67 per second.
  const goodput = point.scheduled === 0 ? 0 : point.outcomes.ok / point.scheduled;
  if (goodput < GOODPUT_SHARE) return false;
  return point.state?.state === 'steady' ? true : undefined;
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
  return {
    rate: best.rate,
    index: best.index,
    ...(above === undefined ? {} : { above }),
  };
}
