import { formatEstimate } from '../../../durations.ts';
import { plural } from '../../words.ts';
import { CLOSED_LOOP } from '../offered.ts';
import { endsWithRequests } from '../schedule/window.ts';
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
    const { rates, requests, estimateSeconds, probeMs } = plan;
    const points = `closed loop: ${plural(rates.length, 'point')} with ${rates.join(', ')} requests always open`;
    const most =
      requests === undefined ? '' : `${endsWithRequests(plan) ? '' : 'at most '}${plural(requests, 'request')} each, `;
    const isOpen = endsWithRequests(plan) && probeMs === undefined;
    const about = isOpen ? 'as long as the target makes it' : `about ${formatEstimate(estimateSeconds)}`;
    return `${points}, ${most}${eachPoint(plan, about)}`;
  },
};
