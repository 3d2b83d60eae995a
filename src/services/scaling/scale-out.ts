import { defined } from '../defined.ts';
import type { InstanceSample } from '../stack/group.ts';
import { type Answers, fairShare, firstAnswer } from './answers.ts';
import { type Bounds, offsetOf, type Span, spanBetween } from './bounds.ts';
import { hasReached } from './instance-state.ts';
import type { LoadStep } from './load-curve.ts';
import { firstBounds, type Poll, type Polls } from './polls.ts';
import type { Change, ScaleEvent } from './scale-events.ts';

/** What a new instance goes through, in order. */
type Phase = 'created' | 'running' | 'healthy' | 'serving' | 'firstAnswer' | 'fairShare';

/** A duration in seconds, or why there is none. */
export type Figure = { readonly span: Span } | { readonly why: string };

/** When a phase was reached, in seconds since the decision (`span`) and since the load began (`offset`); or why it is not known. */
export type Reached = { readonly span: Span; readonly offset: Span } | { readonly why: string };

interface Arrival {
  readonly instance: string;
  readonly zone?: string;
  readonly host?: string;
  readonly phases: Readonly<Record<Phase, Reached>>;
}

/** What growth and shrinking have in common. */
export interface SizeStep {
  readonly from: number;
  readonly to: number;
  /** Seconds since the load began, or without one since the first poll. */
  readonly decided: Span;
  /** The rise, or fall, of the load before it, requests per second. */
  readonly step?: { readonly from: number; readonly to: number; readonly offset: Span };
  /** From that to the decision. */
  readonly decide: Figure;
  /** Instances that were to come, or to go, and were never seen to. */
  readonly missing: number;
}

/** One growth of the group. */
export interface ScaleOut extends SizeStep {
  /** From the rise of the load to the first answer of the last new instance. */
  readonly total: Figure;
  readonly arrivals: readonly Arrival[];
}

/** What the figures of all events are made from. */
export interface EventContext {
  readonly polls: Polls;
  /** Milliseconds since the epoch: offsets count from here. */
  readonly origin: number;
  readonly steps: readonly LoadStep[] | undefined;
  readonly answers: Answers | undefined;
  serving(at: number): number | undefined;
}

export function scaleOut(event: ScaleEvent, context: EventContext): ScaleOut {
  const step = stepBefore(event.decided, context.steps, 1);
  const known = sizeStep(event, step, context);
  const moments = event.changes.map((change) => momentsOf(change, context));
  const answered = known.missing === 0 ? moments.map(({ reached }) => reached.firstAnswer[0]) : [undefined];
  const arrivals = moments.map(({ reached, ...instance }): Arrival => {
    const phases = Object.entries(reached).map(([phase, [moment, why]]) => [
      phase,
      reachedFigure(event, moment, context, why),
    ]);
    return { ...instance, phases: Object.fromEntries(phases) };
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

export function sizeStep(event: ScaleEvent, step: LoadStep | undefined, { origin, steps }: EventContext): SizeStep {
  const { from, to, decided, changes } = event;
  const why = steps === undefined ? 'no load was recorded' : `no ${to > from ? 'rise' : 'fall'} of the load before it`;
  return defined({
    ...{ from, to, decided: offsetOf(decided, origin) },
    step: step && { from: step.from, to: step.to, offset: offsetOf(step.moment, origin) },
    decide: step === undefined ? { why } : { span: spanBetween(step.moment, decided) },
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

/** When the phases of an instance were reached; or why that is not known, where it is not that the timeline ended before. */
type Reaching = Readonly<Record<Phase, readonly [moment: Bounds | undefined, why?: string | undefined]>>;

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
  const reached: Reaching = {
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
