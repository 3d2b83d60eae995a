import { formatEstimate, formatSeconds } from '../../../durations.ts';
import { formatRate, plural } from '../../words.ts';
import { CLOSED_LOOP } from '../offered.ts';
import { searchedObjectives } from '../stats/searched-objectives.ts';
import type { SweepPlan } from '../types.ts';
import { concludeLimit } from './limit-conclusion.ts';
import { limitTried } from './limit-evidence.ts';
import { type LimitSearch, MAX_LIMIT_POINTS, nextLimitPoint } from './limit-search.ts';
import { eachPoint, listSteps } from './list.ts';
import type { Note, Profile } from './profile.ts';

/** A search for the highest rate at which objectives hold, between the lowest and the highest one. */
export const limit: Profile = {
  name: 'limit',
  title: 'Sweep',
  isOpen: true,
  hasKnee: true,
  seeksKnee: true,
  plan({ findKnee, rates, loop, durationSeconds, maxDurationSeconds = durationSeconds, slos, goodput }) {
    const objectives = searchedObjectives({ findKnee: true, slos: slos ?? [], goodput: goodput ?? [] });
    if (findKnee !== true || objectives.length === 0) return undefined;
    const [low, high] = [Math.min(...rates), Math.max(...rates)];
    const longest = Math.max(durationSeconds, maxDurationSeconds);
    return {
      rates: low === high ? [low] : [low, high],
      ...(loop && { loop }),
      limit: {
        ...{ low, high, maxPoints: MAX_LIMIT_POINTS, maxDurationSeconds: longest },
        objectives: objectives.map(({ expression }) => expression),
      },
    };
  },
  steps(plan) {
    const { limit: bounds, rates } = plan;
    if (bounds === undefined) return listSteps(rates);
    return (done) => {
      const tried = done.map((point) => limitTried(point, bounds.objectives));
      const next = nextLimitPoint(searchOf(plan, bounds), tried);
      return next && { index: done.length, ...next };
    };
  },
  conclude(plan, points) {
    const { limit: bounds } = plan;
    return bounds === undefined ? {} : concludeLimit(searchOf(plan, bounds), bounds.objectives, points);
  },
  mostPoints: (plan) => plan.limit?.maxPoints ?? MAX_LIMIT_POINTS,
  longestSeconds,
  notes: limitNotes,
  describe(plan) {
    const { rates, estimateSeconds } = plan;
    const { low = 0, high = 0, objectives = [] } = plan.limit ?? {};
    const most = plural(limit.mostPoints(plan), 'point');
    const about = `about ${formatEstimate(estimateSeconds / rates.length)} a point`;
    const held = `${objectives.join(', ')} ${objectives.length === 1 ? 'holds' : 'hold'}`;
    const search =
      plan.loop === 'closed'
        ? `closed loop: search for the most requests kept open with which ${held}, between ${low} and ${high}`
        : `search for the highest rate at which ${held}, between ${formatRate(low)} and ${formatRate(high)} req/s`;
    return `${search}, at most ${most}, ${eachPoint(plan, about)}`;
  },
};

function longestSeconds({ limit: bounds, durationSeconds }: SweepPlan): number {
  return bounds?.maxDurationSeconds ?? durationSeconds;
}

function searchOf(plan: SweepPlan, { low, high }: NonNullable<SweepPlan['limit']>): LimitSearch {
  const [durationSeconds, maxDurationSeconds] = [plan.durationSeconds, longestSeconds(plan)];
  return { low, high, durationSeconds, maxDurationSeconds, whole: plan.loop === 'closed' };
}

/** How long it may take. */
function limitNotes(plan: SweepPlan): Note[] {
  const loop: Note[] = plan.loop === 'closed' ? [{ level: 'info', text: CLOSED_LOOP }] : [];
  const longest = longestSeconds(plan);
  const most = plan.limit?.maxPoints ?? MAX_LIMIT_POINTS;
  const text =
    `points near the limit last until it is known to 2 % with 99 % confidence: at most ${formatSeconds(longest)} each ` +
    `(--max-duration), ${formatEstimate(most * longest)} in all`;
  return longest > plan.durationSeconds ? [...loop, { level: 'info', text }] : loop;
}
