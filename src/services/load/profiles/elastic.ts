import { formatEstimate, formatSpan } from '../../../durations.ts';
import { formatRate } from '../../words.ts';
import { listSteps } from './list.ts';
import type { Profile } from './profile.ts';

/**
 * A load that makes a group grow and shrink: from a low rate up in steps, and back. Its steps come from what is seen of
 * the group, and what it sustains depends on how large that is just then.
 */
export const elastic: Profile = {
  name: 'elastic',
  title: 'Elastic sweep',
  isOpen: true,
  // With a drain in between, an overloaded target would have minutes without any load.
  overlap: true,
  repeats: true,
  noResume: {
    why: 'it is an elastic one, and its group is not as it was then',
    next: 'begin a new run with --elastic',
  },
  plan: ({ rates, elastic: bounds }) => (bounds === undefined ? undefined : { rates, elastic: bounds }),
  steps: ({ rates }) => listSteps(rates),
  mostPoints: (plan) => plan.elastic?.maxPoints ?? plan.rates.length,
  mostRequests: ({ elastic: bounds }, durationSeconds) =>
    bounds === undefined ? 0 : bounds.maxPoints * durationSeconds * bounds.high,
  describe(plan) {
    const { low = 0, high = 0, group = '', size } = plan.elastic ?? {};
    const goal = size === undefined ? 'grows' : `has ${size}`;
    const longest = formatEstimate(elastic.mostPoints(plan) * plan.durationSeconds);
    return (
      `from ${formatRate(low)} up to at most ${formatRate(high)} req/s in steps of ${formatSpan(plan.durationSeconds)} ` +
      `until ${group} ${goal}, and back; at most ${longest} without drains`
    );
  },
};
