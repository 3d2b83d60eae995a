import { unitOf } from '../offered.ts';
import type { NextStep, Step } from '../profiles/profile.ts';
import { isSustained } from '../stats/knee.ts';
import { skippedPoint } from '../stats/point-summary.ts';
import type { PointSummary, SweepReport } from '../types.ts';
import type { PointResult, SweepContext } from './offer-rate.ts';
import { type Baseline, waitUntilCalm } from './probe.ts';
import type { SweepOptions } from './sweep-options.ts';

/** Longest wait for the target to calm down between two points where none was asked for, seconds. */
const DEFAULT_COOLDOWN_SECONDS = 30;
/** Points that may be open together, each with a generator of its own; the next one waits until one has ended. */
const MOST_OPEN = 8;

interface SweepSteps extends SweepContext {
  readonly next: NextStep;
  /** A step begins when the one before has sent everything, and not when that has its last answer. */
  readonly overlap?: boolean | undefined;
  /** What is done; grows by {@link SweepSteps.add}. */
  readonly points: readonly PointSummary[];
  /** Without one there is no cooldown between points. */
  readonly baseline?: Baseline | undefined;
  /** @returns `sent`: nothing more is sent, and what is open gets the time to end */
  begin(step: Step, contaminated: string | undefined): Promise<{ sent: Promise<void>; result: Promise<PointResult> }>;
  add(point: PointSummary): Promise<void>;
}

type Terms = Partial<Pick<SweepOptions, 'stopAboveKnee' | 'gateSeconds' | 'drainSeconds' | 'loop'>>;

/**
 * Goes from step to step until the profile, the operator, a condition or a problem ends it; then waits for what is open.
 *
 * @throws what a point throws
 */
export async function sweepLoop(options: Terms, sweep: SweepSteps) {
  const { points, signal, clock, control, emit, overlap } = sweep;
  const open = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let ended: Pick<SweepReport, 'abortedBy' | 'problem'> | undefined;
  let unsustained = Math.min(...points.flatMap((point) => (isSustained(point) === false ? [point.rate] : [])));
  let loaded = false;
  let crowded = false;
  const isOver = () => signal.aborted || ended !== undefined || failures.length > 0;
  const follow = async (result: Promise<PointResult>) => {
    try {
      const { point, abortedBy } = await result;
      await sweep.add(point);
      // A closed loop whose requests were all answered has left nothing behind.
      const { timeout, incomplete } = point.outcomes;
      if (point.loop === 'closed' && timeout + incomplete === 0) loaded = false;
      if (abortedBy !== undefined) ended ??= { abortedBy };
      if (isSustained(point) === false) unsustained = Math.min(unsustained, point.rate);
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    while (!isOver()) {
      const step = sweep.next(points);
      if (step === undefined) break;
      if ('problem' in step) {
        ended = step;
        break;
      }
      const { index, rate } = step;
      await control?.waitWhilePaused(signal);
      if (open.size >= MOST_OPEN) {
        const text = `${MOST_OPEN} steps have open requests: nothing is offered until one of them ends (longer steps are fewer)`;
        if (!crowded) emit({ type: 'note', level: 'warn', text });
        crowded = true;
        await Promise.race(open);
      }
      if (isOver()) break;
      if (options.stopAboveKnee === true && rate > unsustained) {
        const why = `above the knee: ${unsustained} ${unitOf(options)} was not sustained`;
        await sweep.add(skippedPoint(index, rate, why, new Date(clock.now()).toISOString()));
        continue;
      }
      const contaminated = loaded ? await cooldown(options, sweep, rate) : undefined;
      if (isOver()) break;
      const { sent, result } = await sweep.begin(step, contaminated);
      loaded = true;
      const followed = follow(result).finally(() => open.delete(followed));
      open.add(followed);
      await (overlap ? Promise.race([sent, followed]) : followed);
    }
  } finally {
    await Promise.all(open);
  }
  if (failures.length > 0) throw failures[0];
  return { finished: ended === undefined && !signal.aborted, ...ended };
}

/** @returns why the next point is contaminated; undefined when the target is calm, or nobody can tell */
async function cooldown(
  { gateSeconds, loop, drainSeconds = Number.POSITIVE_INFINITY }: Terms,
  { baseline, signal, clock, emit }: SweepSteps,
  rate: number,
): Promise<string | undefined> {
  if (baseline === undefined) return undefined;
  // Long answers are behind each other in the target's queue for longer.
  const boundSeconds =
    gateSeconds ?? Math.min(Math.max(DEFAULT_COOLDOWN_SECONDS, (3 * baseline.ms) / 1000), drainSeconds);
  const onBusy = (seen: string) => {
    const reason = `a probe ${seen}, and took ${baseline.ms.toFixed(0)} ms before the sweep`;
    emit({ type: 'sweep-waiting', rate, ...(loop === undefined ? {} : { loop }), reason, boundSeconds });
  };
  try {
    return await waitUntilCalm(baseline, { boundMs: boundSeconds * 1000, signal, clock, onBusy });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
