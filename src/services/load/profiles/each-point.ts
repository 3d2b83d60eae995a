import { formatEstimate, formatSpan } from '../../../durations.ts';
import { longestDrain } from '../schedule/longest-drain.ts';
import type { SweepPlan } from '../types.ts';

/** How long each point is and what may make the sweep longer: answers that queue are waited for after each point. */
export function eachPoint(plan: SweepPlan, about: string): string {
  const { durationSeconds, warmupSeconds, probeMs } = plan;
  const warmup = warmupSeconds === 0 ? ' without warm-up' : ` after ${formatSpan(warmupSeconds)} of warm-up`;
  const drain = formatEstimate(longestDrain(plan));
  const drains =
    probeMs === undefined
      ? ` and the drains, at most ${drain} each`
      : `; where answers queue, up to ${drain} more a point`;
  return `${formatSpan(durationSeconds)} each${warmup}, ${about}${drains}`;
}
