import { defined } from '../defined.ts';
import type { InstanceSample } from '../stack/group.ts';
import { type Answers, fairShare, firstAnswer } from './answers.ts';
import { type Bounds, offsetOf, type Serving, type Span, spanBetween } from './bounds.ts';
import { hasReached } from './instance-state.ts';
import type { LoadStep } from './load-curve.ts';
import { firstBounds, type Poll, type Polls } from './polls.ts';
import type { Change, ScaleEvent } from './scale-events.ts';

/** A duration in seconds, or why there is none. */
export type Figure = { readonly span: Span } | { readonly why: string };

/** When a phase was reached, in seconds since the decision (`span`) and since the load began (`offset`); or why it is not known. */
export type Reached = { readonly span: Span; readonly offset: Span } | { readonly why: string };

/** What the figures of all events are made from. */
export interface EventContext {
  readonly polls: Polls;
  /** Milliseconds since the epoch: offsets count from here. */
  readonly origin: number;
  readonly steps: readonly LoadStep[] | undefined;
  readonly answers: Answers | undefined;
  readonly serving: Serving;
}

export type ScaleOut = ReturnType<typeof scaleOut>;

/** One growth of the group. `total`: from the rise of the load to the first answer of the last new instance. */
export function scaleOut(event: ScaleEvent, context: EventContext) {
  const step = stepBefore(event.decided, context.steps, 1);
  const known = sizeStep(event, step, context);
  const moments = event.changes.map((change) => momentsOf(change, context));
  const answered = known.missing === 0 ? moments.map(({ reached }) => reached.firstAnswer[0]) : [undefined];
  const arrivals = moments.map(({ reached, ...instance }) => {
    const phases = Object.entries(reached).map(([phase, [at, why]]) => [phase, reachedFigure(event, at, context, why)]);
    return { ...instance, phases: Object.fromEntries(phases) as Readonly<Record<Phase, Reached>> };
  });
  return { ...known, total: totalFigure(step, answered), arrivals };
}

/**
 * The last change of the load in a direction that was made before a decision. Where the load changed between the polls
 * that the decision lies between, that may be any of those changes or the one before them: they are taken as one.
 */
export function stepBefore(
  decided: Bounds,
  steps: readonly LoadStep[] | undefined,
  direction: 1 | -1,
): LoadStep | undefined {
  const made = (steps ?? []).filter(
    ({ moment, from, to }) => moment.by <= decided.by && Math.sign(to - from) === direction,
  );
  const certain = made.findLastIndex(({ moment }) => moment.by <= (decided.after ?? decided.by));
  const [first, last] = [made[Math.max(0, certain)], made.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const moment = { after: first.moment.after ?? first.moment.by, by: last.moment.by };
  return { moment, from: first.from, to: last.to };
}

/** What growth and shrinking have in common. */
export function sizeStep(event: ScaleEvent, step: LoadStep | undefined, { origin, steps }: EventContext) {
  const { from, to, decided, changes } = event;
  const why = steps === undefined ? 'no load was recorded' : `no ${to > from ? 'rise' : 'fall'} of the load before it`;
  const decide: Figure = step === undefined ? { why } : { span: spanBetween(step.moment, decided) };
  return defined({
    // Seconds since the load began, or without one since the first poll.
    from,
    to,
    decided: offsetOf(decided, origin),
    // The rise, or fall, of the load before it, requests per second; and from that to the decision.
    step: step && { from: step.from, to: step.to, offset: offsetOf(step.moment, origin) },
    decide,
    // Instances that were to come, or to go, and were never seen to.
    missing: Math.abs(to - from) - changes.length,
  });
}

/** @param why it is not known, where that is not that the timeline ended before */
export function reachedFigure(
  { decided }: ScaleEvent,
  moment: Bounds | undefined,
  { origin }: EventContext,
  why = 'not seen before the timeline ended',
): Reached {
  return moment === undefined ? { why } : { span: spanBetween(decided, moment), offset: offsetOf(moment, origin) };
}

function totalFigure(step: LoadStep | undefined, answered: readonly (Bounds | undefined)[]): Figure {
  if (step === undefined) return { why: 'no rise of the load before it' };
  const known = answered.filter((moment) => moment !== undefined);
  const last = known.toSorted((a, b) => a.by - b.by).at(-1);
  if (last === undefined || known.length < answered.length) return { why: 'not every new instance was seen to answer' };
  return { span: spanBetween(step.moment, last) };
}

/** What a new instance goes through, in order. */
type Phase = 'created' | 'running' | 'healthy' | 'serving' | 'firstAnswer' | 'fairShare';

type Moments = Readonly<Record<Phase, readonly [moment: Bounds | undefined, why?: string | undefined]>>;

/** When an instance reached each phase; or why that is not known, where it is not that the timeline ended before. */
function momentsOf({ name, index }: Change, { polls, answers, serving }: EventContext) {
  const life = lifeOf(polls.all, name, index);
  const before = polls.all.slice(0, index).findLast(({ instances }) => instances !== undefined);
  const first = (is: (instance: InstanceSample) => boolean) =>
    firstBounds(
      life,
      ({ instances }) => {
        const instance = instances?.get(name);
        return instance && is(instance);
      },
      before,
    );
  const has = (stage: 'running' | 'healthy' | 'serving') => first((instance) => hasReached(instance, stage));
  const created = first(() => true);
  const host = answers?.hostOf(name);
  const since = created?.after ?? created?.by ?? 0;
  const answer = answers && host !== undefined ? firstAnswer(answers, host, since) : undefined;
  const share = answers && host !== undefined && answer ? fairShare(answers, host, answer, serving) : undefined;
  const healthless = polls.healthKnown ? undefined : 'nothing reports health';
  const hostless = answers === undefined ? 'no record of which host answered' : undefined;
  const unfair = answer ? 'not reached while enough answers came to judge' : 'it was not seen to answer';
  const reached: Moments = {
    created: [created],
    running: [has('running')],
    healthy: [has('healthy'), healthless],
    serving: [has('serving'), healthless],
    firstAnswer: [answer, hostless],
    fairShare: [share, hostless ?? unfair],
  };
  return { ...defined({ instance: name, zone: life[0]?.instances?.get(name)?.zone, host }), reached };
}

/** The polls in which an instance was there, from its first on; a poll that failed is among them. */
function lifeOf(polls: readonly Poll[], name: string, index: number): readonly Poll[] {
  const later = polls.slice(index);
  const end = later.findIndex(({ instances }) => instances !== undefined && !instances.has(name));
  return end === -1 ? later : later.slice(0, end);
}
