import { profileOf } from '../profiles/profiles.ts';
import { longestDrain } from '../schedule/arrivals.ts';
import { endsWithRequests, windowSeconds } from '../schedule/window.ts';
import { leastSeconds } from '../stats/until-certain.ts';
import type { SweepPlan } from '../types.ts';

/** A probe that takes so many times as long as before, had the target been asked now, means a queue. */
const QUEUED = 3;

type Planned = Pick<
  SweepPlan,
  | 'rates'
  | 'loop'
  | 'requests'
  | 'turns'
  | 'durationSeconds'
  | 'warmupSeconds'
  | 'drainSeconds'
  | 'timeoutSeconds'
  | 'probeMs'
  | 'search'
  | 'limit'
  | 'elastic'
  | 'untilCertain'
>;

/** Where a point stands. */
interface Standing {
  /** Position of the point in the sweep. */
  readonly index: number;
  readonly rate: number;
  readonly draining: boolean;
  /** Since the beginning of the window, seconds; negative in the warm-up. */
  readonly elapsed: number;
  readonly sent?: number;
  readonly inFlight: number;
  /** At what rate answers come, per second; undefined before there are two. */
  readonly servedRps: number | undefined;
}

/** How long a point is at the least, seconds, where nothing but its rate ends it. */
export function leastWindow(
  plan: Pick<SweepPlan, 'durationSeconds' | 'loop' | 'turns' | 'untilCertain'>,
  rate: number,
): number {
  const { untilCertain, durationSeconds } = plan;
  return untilCertain === undefined ? durationSeconds : leastSeconds(untilCertain, rate, plan);
}

function expectedWindow(plan: Planned, rate: number): number {
  const { loop, requests, probeMs = 0 } = plan;
  const durationSeconds = leastWindow(plan, rate);
  if (loop === undefined || requests === undefined) return windowSeconds({ ...plan, durationSeconds }, rate);
  // Nothing tells how long it will be.
  if (probeMs === 0) return endsWithRequests(plan) ? 0 : durationSeconds;
  return Math.min(durationSeconds, ((requests / rate) * probeMs) / 1000);
}

/**
 * How long a sweep takes while the target answers as fast as the probe did: each point ends with a drain as long as one
 * answer, and a probe stands between two points. Without a probe, drains are not in it.
 */
export function plannedSeconds(plan: Planned): number {
  const { rates, warmupSeconds, probeMs = 0 } = plan;
  const probe = probeMs / 1000;
  const windows = rates.reduce((sum, rate) => sum + expectedWindow(plan, rate), 0);
  const point = warmupSeconds + Math.min(probe, longestDrain(plan));
  return windows + rates.length * point + (rates.length - 1) * probe;
}

/**
 * What is left of a sweep as things stand: what will be open when the window ends, at the rate at which answers come, is
 * the drain. Where that shows a queue, points at rates above it gather one as well.
 *
 * @returns `atMost`: it can only be less, since a drain ends with the last answer; `ofPoint`: of the point alone, since
 *   which points follow is decided while the sweep runs
 */
export function timeLeft(plan: Planned, standing: Standing) {
  const { index, rate, draining, elapsed, sent = 0, inFlight, servedRps = 0 } = standing;
  const { rates, warmupSeconds, probeMs = 0 } = plan;
  const durationSeconds = windowSeconds(plan, rate);
  const bound = longestDrain(plan);
  const probe = probeMs / 1000;
  const ofPoint = profileOf(plan).isOpen === true;
  const isClosed = plan.loop === 'closed';
  const first = endsWithRequests(plan) ? expectedWindow(plan, rate) - elapsed : undefined;
  const enough = isClosed && plan.requests !== undefined && servedRps > 0 ? (plan.requests - sent) / servedRps : first;
  const window = Math.max(0, Math.min(durationSeconds - elapsed, enough ?? Number.POSITIVE_INFINITY));
  // A session brings several requests: how many, those so far tell.
  const each = (plan.turns ?? 1) > 1 && elapsed > 0 ? sent / elapsed / rate : 1;
  // A closed loop gathers no queue.
  const open = inFlight + (isClosed ? 0 : Math.max(0, rate * each - servedRps) * window);
  const expected = servedRps > 0 ? open / servedRps : probe;
  const drainLeft = Math.max(0, bound - Math.max(0, elapsed - durationSeconds));
  const own = draining ? drainLeft : window + Math.min(bound, expected);
  const queued = servedRps > 0 && probe > 0 && expected > QUEUED * probe;
  const windowAt = (next: number) => (plan.untilCertain === undefined ? expectedWindow(plan, next) : durationSeconds);
  const drainAt = (next: number) => {
    const backlog = queued && !isClosed ? Math.max(0, next * each - servedRps) * (warmupSeconds + windowAt(next)) : 0;
    return Math.min(bound, Math.max(probe, servedRps > 0 ? backlog / servedRps : 0));
  };
  const later = ofPoint ? [] : rates.slice(index + 1);
  const rest = later.reduce((sum, next) => sum + probe + warmupSeconds + windowAt(next) + drainAt(next), 0);
  return { seconds: own + rest, atMost: draining || plan.untilCertain !== undefined, ofPoint };
}
