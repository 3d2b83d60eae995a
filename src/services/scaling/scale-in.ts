import { type Bounds, offsetOf, type Span, spanBetween } from './bounds.ts';
import { hasReached, isLeaving } from './instance-state.ts';
import type { AnswerSlice, LoadCurve } from './load-curve.ts';
import { firstBounds } from './polls.ts';
import type { Change, ScaleEvent } from './scale-events.ts';
import { decideFigure, type EventContext, type Figure, type Reached, stepBefore } from './scale-out.ts';

interface Departure {
  readonly instance: string;
  /** When it was given no more requests: on its way out, or no longer healthy for the load balancer. */
  readonly drained: Reached;
  /** When the group no longer had it. */
  readonly gone: Reached;
}

/** One shrinking of the group. */
export interface ScaleIn {
  readonly from: number;
  readonly to: number;
  /** Seconds since the load began, or without one since the first poll. */
  readonly decided: Span;
  /** The fall of the load before it, requests per second. */
  readonly step?: { readonly from: number; readonly to: number; readonly offset: Span };
  readonly decide: Figure;
  readonly departures: readonly Departure[];
  /** Instances that were to go and were never seen to. */
  readonly missing: number;
  /**
   * Answers of the load from the last poll before the decision until the last instance was gone, or the timeline ended:
   * all of them, whoever gave them. Undefined where the load was not recorded.
   */
  readonly answers?: { readonly ok: number; readonly failed: number };
}

export function scaleIn(event: ScaleEvent, context: EventContext, load: LoadCurve | undefined): ScaleIn {
  const { polls, origin, steps } = context;
  const step = stepBefore(event.decided, steps, -1);
  const left = event.changes.map((change) => boundsOf(change, event, context));
  const missing = event.from - event.to - event.changes.length;
  const end = polls.all.at(-1)?.by ?? event.decided.by;
  const over = missing === 0 ? Math.max(event.decided.by, ...left.map(({ gone }) => gone?.by ?? end)) : end;
  const reached = (moment: Bounds | undefined): Reached =>
    moment === undefined
      ? { why: 'not seen before the timeline ended' }
      : { span: spanBetween(event.decided, moment), offset: offsetOf(moment, origin) };
  const answers = answersWithin(load?.slices ?? [], event.decided.after ?? event.decided.by, over);
  return {
    from: event.from,
    to: event.to,
    decided: offsetOf(event.decided, origin),
    ...(step === undefined ? {} : { step: { from: step.from, to: step.to, offset: offsetOf(step.moment, origin) } }),
    decide: decideFigure(event.decided, step, steps, 'fall'),
    departures: left.map(({ name, drained, gone }) => ({
      instance: name,
      drained: reached(drained),
      gone: reached(gone),
    })),
    missing,
    ...(answers === undefined ? {} : { answers }),
  };
}

function boundsOf({ name }: Change, { decided }: ScaleEvent, { polls }: EventContext) {
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
