import { formatEstimate, formatSpan } from '../../../durations.ts';
import { formatRate, plural } from '../../words.ts';
import { longestDrain } from '../schedule/arrivals.ts';
import { endsWithRequests, windowSeconds } from '../schedule/window.ts';
import { leastSeconds } from '../stats/until-certain.ts';
import type { PointSummary, SweepPlan } from '../types.ts';
import type { Profile, Step } from './profile.ts';

/** Every rate once, in the order given; a point that was interrupted before is missing. */
export function listSteps(rates: readonly number[]): (done: readonly PointSummary[]) => Step | undefined {
  return (done) => {
    const index = rates.findIndex((_, position) => !done.some((point) => point.index === position));
    const rate = rates[index];
    return rate === undefined ? undefined : { index, rate };
  };
}

/** Rates that were given, one after another. */
export const list: Profile = {
  name: 'list',
  title: 'Sweep',
  hasKnee: true,
  plan: ({ rates }) => ({ rates }),
  steps: ({ rates }) => listSteps(rates),
  mostPoints: ({ rates }) => rates.length,
  describe(plan) {
    const { rates, totalRequests, estimateSeconds, turns = 1 } = plan;
    const points = `${plural(rates.length, 'point')} at ${rates.map(formatRate).join(', ')} ${turns > 1 ? 'sessions/s' : 'req/s'}`;
    const most = turns > 1 ? `${turns} turns a session, at most ` : '';
    const requests = `${most}${totalRequests.toLocaleString('en-US')} request${totalRequests === 1 ? '' : 's'}`;
    return `${points}, ${eachPoint(plan, `${requests}, about ${formatEstimate(estimateSeconds)}`)}`;
  },
};

/** How long each point is and what may make the sweep longer: open answers are waited for after each point. */
export function eachPoint(plan: SweepPlan, about: string): string {
  const { loop, warmupSeconds, probeMs, untilCertain } = plan;
  const length = endsWithRequests(plan) ? 'however long they take,' : `${spread(plan)} each`;
  const least = untilCertain === undefined ? '' : 'at least ';
  const warmup = warmupSeconds === 0 ? ' without warm-up' : ` after ${formatSpan(warmupSeconds)} of warm-up`;
  const drain = formatEstimate(longestDrain(plan));
  // A closed loop gathers no queue: its drain is the answers that are open at the end.
  const longer = loop === 'closed' ? 'where the last answers take long' : 'where answers queue';
  const drains =
    probeMs === undefined ? ` and the drains, at most ${drain} each` : `; ${longer}, up to ${drain} more a point`;
  return `${length}${warmup}, ${least}${about}${drains}`;
}

/** The shortest and the longest point: their lengths may follow from requests, or from how certain a percentile is. */
function spread(plan: SweepPlan): string {
  const { rates, untilCertain: until } = plan;
  const windows =
    until === undefined
      ? rates.map((rate) => windowSeconds(plan, rate))
      : [until.maxDurationSeconds, ...rates.map((rate) => leastSeconds(until, rate, plan))];
  const [least, longest] = [Math.min(...windows), Math.max(...windows)].map(formatSpan);
  return least === longest ? String(longest) : `${least} to ${longest}`;
}
