import { defined } from '../defined.ts';
import { hasReached, isLeaving } from './instance-state.ts';
import type { AnswerSlice, LoadCurve } from './load-curve.ts';
import { firstBounds } from './polls.ts';
import type { Change, ScaleEvent } from './scale-events.ts';
import { type EventContext, type Reached, reachedFigure, type SizeStep, sizeStep, stepBefore } from './scale-out.ts';

interface Departure {
  readonly instance: string;
  /** When it was given no more requests: on its way out, or no longer healthy for the load balancer. */
  readonly drained: Reached;
  /** When the group no longer had it. */
  readonly gone: Reached;
}

/** One shrinking of the group. */
export interface ScaleIn extends SizeStep {
  readonly departures: readonly Departure[];
  /**
   * Answers of the load from the last poll before the decision until the last instance was gone, or the timeline ended:
   * all of them, whoever gave them. Undefined where the load was not recorded.
   */
  readonly answers?: { readonly ok: number; readonly failed: number };
}

export function scaleIn(event: ScaleEvent, context: EventContext, load: LoadCurve | undefined): ScaleIn {
  const { polls, steps } = context;
  const known = sizeStep(event, stepBefore(event.decided, steps, -1), context);
  const left = event.changes.map((change) => momentsOf(change, event, context));
  const end = polls.all.at(-1)?.by ?? event.decided.by;
  const over = known.missing === 0 ? Math.max(event.decided.by, ...left.map(({ gone }) => gone?.by ?? end)) : end;
  const answers = answersWithin(load?.slices ?? [], event.decided.after ?? event.decided.by, over);
  return defined({
    ...known,
    departures: left.map(({ name, drained, gone }) => ({
      instance: name,
      drained: reachedFigure(event, drained, context),
      gone: reachedFigure(event, gone, context),
    })),
    answers,
  });
}

function momentsOf({ name }: Change, { decided }: ScaleEvent, { polls }: EventContext) {
  const knowing = polls.all.filter(({ instances }) => instances !== undefined);
  const later = knowing.filter(({ by }) => by >= decided.by);
  const before = knowing.findLast(({ by }) => by < decided.by);
  const gone = firstBounds(later, ({ instances }) => instances?.has(name) === false, before);
  const drained = firstBounds(
    later,
    ({ instances, serving }) => {
      const instance = instances?.get(name);
      if (instance === undefined || isLeaving(instance)) return true;
      return serving === undefined ? undefined : !hasReached(instance, 'serving');
    },
    before,
  );
  return { name, drained, gone };
}

/** Slices that lie at least partly within a time; undefined where none tells of failures. */
function answersWithin(slices: readonly AnswerSlice[], from: number, to: number) {
  const within = slices.filter((slice) => slice.to > from && slice.from < to);
  if (within.every(({ failed }) => failed === undefined)) return undefined;
  return {
    ok: within.reduce((sum, { ok }) => sum + ok, 0),
    failed: within.reduce((sum, { failed = 0 }) => sum + failed, 0),
  };
}
