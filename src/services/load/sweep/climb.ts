import type { Emit } from '../../../events.ts';
import type { Clock } from '../../clock.ts';
import { isSustained } from '../stats/knee.ts';
import type { PointSummary, SweepPlan } from '../types.ts';
import { type Ladder, listLadder, searchLadder, skippedPoint } from './ladder.ts';
import type { PointResult, PointTerms } from './offer-rate.ts';
import type { Baseline } from './preflight.ts';
import { waitUntilCalm } from './probe.ts';
import type { SweepControl } from './sweep-control.ts';
import type { SweepOptions } from './sweep-options.ts';

/** Longest wait for the target to calm down between two points where none was asked for, seconds. */
const DEFAULT_GATE_SECONDS = 30;

/** How the ladder ended. */
export interface Ending {
  readonly finished: boolean;
  /** The condition that was met, and what was seen. */
  readonly abortedBy?: string;
  /** Why the ladder could not go on. */
  readonly problem?: string;
}

export interface Climb {
  readonly plan: SweepPlan;
  /** What is done; grows by {@link Climb.add}. */
  readonly points: readonly PointSummary[];
  /** Without one there is no gate between points. */
  readonly baseline: Baseline | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly control?: SweepControl;
  /** Takes the place of the plan's own. */
  readonly ladder?: Ladder;
  offer(index: number, rate: number, terms: PointTerms, durationSeconds?: number): Promise<PointResult>;
  add(point: PointSummary): Promise<void>;
}

type Terms = Pick<SweepOptions, 'stopAboveKnee' | 'abortOn' | 'gateSeconds' | 'drainSeconds'>;

/** Goes from point to point until the ladder, the operator, a condition or a problem ends it. */
export async function climb(options: Terms, sweep: Climb): Promise<Ending> {
  const { plan, points, signal, clock, control } = sweep;
  const ladder = sweep.ladder ?? ladderOf(plan);
  let unsustained = Math.min(...points.flatMap((point) => (isSustained(point) === false ? [point.rate] : [])));
  let loaded = false;
  for (let next = ladder(points); next !== undefined; next = ladder(points)) {
    if ('problem' in next) return { finished: false, problem: next.problem };
    const { index, rate, durationSeconds } = next;
    await control?.waitWhilePaused(signal);
    if (signal.aborted) return { finished: false };
    if (options.stopAboveKnee && rate > unsustained) {
      const why = `above the knee: ${unsustained} rps was not sustained`;
      await sweep.add(skippedPoint(index, rate, why, new Date(clock.now()).toISOString()));
      continue;
    }
    const contaminated = loaded ? await gate(options, sweep, rate) : undefined;
    if (signal.aborted) return { finished: false };
    const terms = { abortOn: options.abortOn ?? [], ...(contaminated === undefined ? {} : { contaminated }) };
    const { point, abortedBy } = await sweep.offer(index, rate, terms, durationSeconds);
    loaded = true;
    await sweep.add(point);
    if (abortedBy !== undefined) return { finished: false, abortedBy };
    if (isSustained(point) === false) unsustained = Math.min(unsustained, rate);
  }
  return { finished: !signal.aborted };
}

/** @returns why the next point is contaminated; undefined when the target is calm, or nobody can tell */
async function gate(
  { gateSeconds, drainSeconds }: Terms,
  { baseline, signal, clock, emit }: Climb,
  rate: number,
): Promise<string | undefined> {
  if (baseline === undefined) return undefined;
  // Long answers are behind each other in the target's queue for longer.
  const boundSeconds = gateSeconds ?? Math.min(Math.max(DEFAULT_GATE_SECONDS, (3 * baseline.ms) / 1000), drainSeconds);
  const onBusy = (seen: string) => {
    const reason = `a probe ${seen}, and took ${baseline.ms.toFixed(0)} ms before the sweep`;
    emit({ type: 'sweep-waiting', rate, reason, boundSeconds });
  };
  try {
    return await waitUntilCalm(baseline, { boundMs: boundSeconds * 1000, signal, clock, onBusy });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** The ladder that a plan describes. */
export function ladderOf({ search, rates, durationSeconds }: SweepPlan): Ladder {
  return search === undefined
    ? listLadder(rates)
    : searchLadder({ maxDurationSeconds: durationSeconds, ...search, durationSeconds });
}
