import { formatEstimate } from '../../../durations.ts';
import { plural } from '../../words.ts';
import { eachPoint, listSteps } from './list.ts';
import type { Profile } from './profile.ts';

/** Numbers of requests that are kept open, one after another: closed loops. */
export const closed: Profile = {
  name: 'loop',
  title: 'Closed loop',
  plan: ({ loop, rates }) => (loop === undefined ? undefined : { rates, loop }),
  steps: ({ rates }) => listSteps(rates),
  mostPoints: ({ rates }) => rates.length,
  notes: () => [{ level: 'info', text: CLOSED_LOOP }],
  describe(plan) {
    const { rates, requests, estimateSeconds } = plan;
    const points = `closed loop: ${plural(rates.length, 'point')} with ${rates.join(', ')} requests always open`;
    const most = requests === undefined ? '' : `at most ${plural(requests, 'request')} each, `;
    return `${points}, ${most}${eachPoint(plan, `about ${formatEstimate(estimateSeconds)}`)}`;
  },
};

/** What a reader has to know of every figure of a closed loop. */
export const CLOSED_LOOP =
  'closed loop: the next request waits for an answer, so response times do not contain the wait that an open loop shows, ' +
  'and the rate is what the target makes of it';
