import { OTHER } from '../load/stats/counts.ts';
import type { SweepReport } from '../load/types.ts';
import { plural } from '../words.ts';
import type { Serving } from './bounds.ts';
import { type AnswerSlice, type LoadCurve, offeredAt } from './load-curve.ts';

/** Requests per second that one instance sustains. */
export interface Capacity {
  readonly perInstance: number;
  /** `given` by the operator, `knee` of a ladder, or the `plateau` of an overloaded stretch of the run itself. */
  readonly source: 'given' | 'knee' | 'plateau';
  /** How it was come by, in words. */
  readonly text: string;
}

/** What is answered is so much less than what is offered where a group is at its limit; as for a knee. */
const GOODPUT_SHARE = 0.98;

/** A plateau is as long as that at least, without the half in which it fills. */
const PLATEAU_MS = 5000;

export function givenCapacity(perInstance: number): Capacity {
  return { perInstance, source: 'given', text: 'as given with --capacity-per-instance' };
}

/**
 * From the knee of a ladder: its rate by the hosts that answered there.
 *
 * @returns undefined without a knee that something above it bounds, or where no answer names its host
 */
export function kneeCapacity({
  knee,
  points,
  searched,
}: Pick<SweepReport, 'knee' | 'points' | 'searched'>): Capacity | undefined {
  // What was not measured above it may be sustained as well.
  if (knee?.above === undefined || searched?.unmeasured !== undefined) return undefined;
  const byHost = points.find(({ index }) => index === knee.index)?.hosts ?? {};
  // Names without end are not those of instances.
  if (OTHER in byHost) return undefined;
  const answers = Object.values(byHost);
  const hosts = answers.filter((count) => count > 0).length;
  if (hosts === 0) return undefined;
  const text = `knee of ${knee.rate} rps with ${plural(hosts, 'instance')}`;
  return { perInstance: knee.rate / hosts, source: 'knee', text };
}

/** How many instances served all through a slice in which more was offered than answered. */
function saturated(load: LoadCurve, slice: AnswerSlice, serving: Serving): number | undefined {
  const { from, to, ok, overloaded: judged = true } = slice;
  const [before, after] = [serving(from), serving(to)];
  // Answers that are still on their way seem to be an overload, but not where somebody judged the point.
  const overloaded = judged && ok < (GOODPUT_SHARE * offeredAt(load, from) * (to - from)) / 1000;
  return overloaded && before === after && before !== 0 ? before : undefined;
}

/**
 * From stretches of the run in which more was offered than answered while the same number of instances served: what
 * one of them got done in the second half of such a stretch, since in the first one the answers are still on their
 * way. The best of all stretches counts: a later hop may have held up the others.
 *
 * @returns undefined when the group was never at its limit for long enough
 */
export function plateauCapacity(load: LoadCurve, serving: Serving): Capacity | undefined {
  const stretches: { readonly instances: number; readonly slices: AnswerSlice[] }[] = [];
  let before: number | undefined;
  for (const slice of load.slices) {
    const instances = saturated(load, slice, serving);
    const last = stretches.at(-1);
    if (instances !== undefined) {
      if (instances === before && last?.slices.at(-1)?.to === slice.from) last.slices.push(slice);
      else stretches.push({ instances, slices: [slice] });
    }
    before = instances;
  }
  const plateaus = stretches.flatMap(({ instances, slices }) => {
    const [start, end] = [slices[0]?.from ?? 0, slices.at(-1)?.to ?? 0];
    const late = slices.filter(({ from }) => from >= (start + end) / 2);
    const ms = late.reduce((sum, { from, to }) => sum + to - from, 0);
    const ok = late.reduce((sum, slice) => sum + slice.ok, 0);
    if (ms < PLATEAU_MS || ok === 0) return [];
    return [{ instances, seconds: ms / 1000, perInstance: (1000 * ok) / ms / instances }];
  });
  const best = plateaus.toSorted((a, b) => b.perInstance - a.perInstance)[0];
  if (best === undefined) return undefined;
  const { perInstance, instances, seconds } = best;
  const text = `what one of ${instances} got done in ${seconds.toFixed(0)} s of overload in this run: an estimate`;
  return { perInstance, source: 'plateau', text };
}
