import { type Climb, type Ending, ladderOf } from './climb.ts';
import type { PointResult, PointTerms } from './offer-rate.ts';
import type { SweepOptions } from './sweep-options.ts';

/** Points that may be open together, each with a generator of its own; the next one waits until one has ended. */
const MOST_OPEN = 8;

/** A point that has begun. */
interface Begun {
  /** Nothing more is sent; what is open gets the time to end. */
  readonly sent: Promise<void>;
  readonly result: Promise<PointResult>;
}

type Stride = Omit<Climb, 'offer' | 'baseline'> & {
  begin(index: number, rate: number, terms: PointTerms): Promise<Begun>;
};

/**
 * Goes from point to point without a pause: what is still open of one ends while the next one is offered. For a load
 * whose course is what counts; with a drain in between, an overloaded target would have minutes without any.
 */
export async function stride(options: Pick<SweepOptions, 'abortOn'>, sweep: Stride): Promise<Ending> {
  const { points, signal, control, emit } = sweep;
  const ladder = sweep.ladder ?? ladderOf(sweep.plan);
  const open = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let ending: Ending | undefined;
  let paused = false;
  const follow = async (result: Promise<PointResult>) => {
    try {
      const { point, abortedBy } = await result;
      await sweep.add(point);
      if (abortedBy !== undefined) ending ??= { finished: false, abortedBy };
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    for (let next = ladder(points); next !== undefined; next = ladder(points)) {
      if ('problem' in next) ending ??= { finished: false, problem: next.problem };
      await control?.waitWhilePaused(signal);
      if (open.size >= MOST_OPEN) {
        const text = `${MOST_OPEN} steps have open requests: nothing is offered until one of them ends (longer steps are fewer)`;
        if (!paused) emit({ type: 'note', level: 'warn', text });
        paused = true;
        await Promise.race(open);
      }
      if ('problem' in next || signal.aborted || ending !== undefined || failures.length > 0) break;
      const { sent, result } = await sweep.begin(next.index, next.rate, { abortOn: options.abortOn ?? [] });
      const followed = follow(result).finally(() => open.delete(followed));
      open.add(followed);
      await Promise.race([sent, followed]);
    }
  } finally {
    await Promise.all(open);
  }
  if (failures.length > 0) throw failures[0];
  return ending ?? { finished: !signal.aborted };
}
