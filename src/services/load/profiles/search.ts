import { formatEstimate, formatSeconds } from '../../../durations.ts';
import { defined } from '../../defined.ts';
import { formatRate, plural } from '../../words.ts';
import { dueRps } from '../stats/due-rate.ts';
import { isSustained, judgeKnee, unmeasuredRates } from '../stats/knee.ts';
import { isValid } from '../stats/validity.ts';
import type { KneeSearch, PointSummary, SweepPlan, SweepReport } from '../types.ts';
import { ENOUGH, MAX_SEARCH_POINTS, NEAR, nextSearchPoint, type Search, type Tried } from './knee-search.ts';
import { eachPoint, listSteps } from './list.ts';
import type { Note, Profile, Step } from './profile.ts';

/** A search for the knee between the lowest and the highest rate. */
export const search: Profile = {
  name: 'search',
  title: 'Sweep',
  isOpen: true,
  hasKnee: true,
  seeksKnee: true,
  plan({ findKnee, rates, durationSeconds, maxDurationSeconds = durationSeconds }) {
    if (findKnee !== true) return undefined;
    const [low, high] = [Math.min(...rates), Math.max(...rates)];
    const longest = Math.max(durationSeconds, maxDurationSeconds);
    return {
      rates: low === high ? [low] : [low, high],
      search: { low, high, maxPoints: MAX_SEARCH_POINTS, maxDurationSeconds: longest },
    };
  },
  steps(plan) {
    const { search: bounds, rates, durationSeconds } = plan;
    if (bounds === undefined) return listSteps(rates);
    return searchSteps({ ...bounds, durationSeconds, maxDurationSeconds: longestSeconds(plan) });
  },
  conclude: concludeSearch,
  mostPoints: (plan) => plan.search?.maxPoints ?? MAX_SEARCH_POINTS,
  longestSeconds,
  notes: searchNotes,
  describe(plan) {
    const { rates, estimateSeconds } = plan;
    const { low = 0, high = 0 } = plan.search ?? {};
    const most = plural(search.mostPoints(plan), 'point');
    const about = `about ${formatEstimate(estimateSeconds / rates.length)} a point`;
    return `search for the knee between ${formatRate(low)} and ${formatRate(high)} req/s, at most ${most}, ${eachPoint(plan, about)}`;
  },
};

/** The knee of its points, and what that is worth: what was not measured bounds it, and is no evidence. */
function concludeSearch(plan: SweepPlan, points: readonly PointSummary[]): Pick<SweepReport, 'knee' | 'searched'> {
  const knee = judgeKnee(points);
  const failed = Math.min(...points.filter((point) => isSustained(point) === false).map(({ rate }) => rate));
  const state = stateOf(plan, points, knee?.rate, failed);
  const isOpen = state === 'atLeast' || state === 'undecided';
  const unmeasured = isOpen ? unmeasuredRates(points, knee?.rate ?? 0, failed) : [];
  return defined({ knee, searched: defined({ state, unmeasured: unmeasured.length === 0 ? undefined : unmeasured }) });
}

function stateOf(
  { search: bounds, rates }: SweepPlan,
  points: readonly PointSummary[],
  sustained: number | undefined,
  failed: number,
): KneeSearch['state'] {
  const isOpen = points.some(({ rate, status }) => status !== 'skipped' && rate > (sustained ?? 0) && rate < failed);
  if (sustained === undefined) return Number.isFinite(failed) && !isOpen ? 'below' : 'undecided';
  if (Number.isFinite(failed)) return failed / sustained <= NEAR ? 'found' : 'atLeast';
  return sustained >= (bounds?.high ?? Math.max(...rates)) ? 'above' : 'atLeast';
}

function longestSeconds({ search: bounds, durationSeconds }: SweepPlan): number {
  return bounds?.maxDurationSeconds ?? durationSeconds;
}

/** A rate that did not tell comes again, for longer. */
export function searchSteps(bounds: Search): (done: readonly PointSummary[]) => Step | undefined {
  return (done) => {
    const tried = done.map(triedOf);
    const next = nextSearchPoint(bounds, tried);
    return next && { index: done.length, ...next };
  };
}

/** Longer is of use where a valid point was measured to its end; one on the backlog of another gets a second try. */
function triedOf(point: PointSummary): Tried {
  const { rate, durationSeconds, status, state, contaminated } = point;
  const suggested = contaminated === undefined ? state?.suggestedDurationSeconds : 2 * durationSeconds;
  const wantedSeconds = status === 'complete' && isValid(point) ? suggested : undefined;
  return {
    rate,
    durationSeconds,
    sustained: isSustained(point),
    servedRps: capacityOf(point),
    ...(status === 'complete' && !isValid(point) ? { spoiled: true } : {}),
    ...(wantedSeconds === undefined ? {} : { wantedSeconds }),
  };
}

/**
 * What the target got done. Where nearly everything was answered in the end, what leaves is what comes less what piles
 * up; that is free of the filling and emptying at the ends of a point, which `servedRps` has in it.
 *
 * @returns as the rate of a point: of sessions per second where requests belong to sessions
 */
function capacityOf(point: PointSummary): number {
  const { rate, servedRps, scheduled, outcomes, state } = point;
  const due = dueRps(point);
  const slope = state?.state === 'overloaded' ? (state.inFlightSlope ?? 0) : 0;
  const served = slope > 0 && outcomes.ok >= 0.98 * scheduled ? Math.max(servedRps, due - slope) : servedRps;
  return due > 0 ? served * (rate / due) : 0;
}

/** Shorter answers are many in any window. */
const LONG_ANSWER_MS = 1000;

/** What a search may take by itself, and whether that is enough for answers as long as the probe's. */
function searchNotes(plan: SweepPlan): Note[] {
  const { durationSeconds, probeMs = 0 } = plan;
  const longest = longestSeconds(plan);
  const needed = Math.ceil((ENOUGH * probeMs) / 60_000);
  const notes: Note[] = [];
  if (longest > durationSeconds) {
    const text = `points near the knee last until they are decided, and an undecided one is offered again: at most ${formatSeconds(longest)} each (--max-duration)`;
    notes.push({ level: 'info', text });
  }
  if (needed * 60 > longest && probeMs >= LONG_ANSWER_MS) {
    const text =
      `near the knee of a target that serves one such request at a time, a decided point takes ${needed} min: ` +
      `--max-duration ${needed}m finds it, ${formatSeconds(longest)} may leave it undecided`;
    notes.push({ level: 'warn', text });
  }
  return notes;
}
