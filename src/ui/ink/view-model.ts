import type { Event, EventOf } from '../../events.ts';
import { profileOf } from '../../services/load/profiles/profiles.ts';
import type { PointSummary, SweepPlan, SweepTick } from '../../services/load/types.ts';
import { countStates } from '../../services/scaling/instance-state.ts';
import type { WatchPlan } from '../../services/scaling/types.ts';
import { type Entry, entryOf } from '../format/entry.ts';
import { noScaleMemory, rememberPoll, type ScaleMemory, scaleChanges } from '../format/scale-changes.ts';
import { type Paint, plain } from '../format/text.ts';

/** What an event has begun; `since` in monotonic milliseconds. */
type Begun<E> = E & { readonly since: number };

export type ActiveStep = Begun<Pick<EventOf<'step-started'>, 'key' | 'action' | 'detail'>> & {
  readonly reason?: string;
};

export type ActiveProgress = Begun<EventOf<'progress'>> & {
  /** What was done when it was first heard of: a resumed download did not start at nothing. */
  readonly doneAtFirst: number;
};

export interface ActiveSweep {
  readonly plan: SweepPlan;
  /** Index of the point that runs or comes next, as far as events have told: a resumed run does not begin at 0. */
  readonly current: number;
  readonly points: readonly PointSummary[];
  /** Every host that has answered so far: a new point begins with the same rows. */
  readonly hosts: readonly string[];
  readonly tick?: SweepTick | undefined;
  /** The next point waits until the target is calm again. */
  readonly waiting?: boolean | undefined;
}

/** Polls that the history shows. */
const HISTORY_LOOKS = 120;

export interface ActiveWatch extends Begun<ScaleMemory> {
  readonly plan: WatchPlan;
  /** Running instances of the last looks, oldest first. */
  readonly history: readonly number[];
}

/** What a person sees: what is over, and what is going on. */
export interface ViewModel {
  /** Only ever appended to. */
  readonly entries: readonly Entry[];
  readonly steps: readonly ActiveStep[];
  readonly progress: readonly ActiveProgress[];
  readonly phase?: Begun<EventOf<'phase'>> | undefined;
  readonly check?: Begun<EventOf<'check-started'>> | undefined;
  readonly sweep?: ActiveSweep | undefined;
  readonly watch?: ActiveWatch | undefined;
}

export const emptyView: ViewModel = { entries: [], steps: [], progress: [] };

/** The view after an event. Pure: `now` is in monotonic milliseconds. */
export function reduceView(view: ViewModel, event: Event, now: number, paint: Paint = plain): ViewModel {
  const entry = entryOf(event, paint);
  // What changed of a group stays on the screen; what is goes into the panel.
  const changes = event.type === 'scale-sample' && view.watch ? scaleChanges(view.watch, event) : [];
  const entries = entry === undefined ? changes : [entry];
  return {
    ...view,
    ...changed(view, event, now),
    entries: entries.length === 0 ? view.entries : [...view.entries, ...entries],
  };
}

function changed({ steps, progress, sweep, watch }: ViewModel, event: Event, now: number): Partial<ViewModel> {
  switch (event.type) {
    case 'phase':
      // A sweep that was stopped early has no last point to tell its end.
      return { phase: { ...event, since: now }, sweep: undefined };
    case 'step-started':
      return { steps: put(steps, { ...event, since: now }) };
    case 'step-waiting':
      return { steps: put(steps, { since: now, ...steps.find(({ key }) => key === event.key), ...event }) };
    case 'step-done':
    case 'step-failed':
      return { steps: without(steps, event.key), progress: without(progress, event.key) };
    case 'progress':
      return { progress: progressAfter(progress, event, now) };
    case 'check-started':
      return { check: { ...event, since: now } };
    case 'check-done':
      return { check: undefined };
    case 'sweep-started':
      return { sweep: { plan: event.plan, current: 0, points: [], hosts: [] } };
    case 'sweep-tick': {
      const { tick } = event;
      const hosts = [...new Set([...(sweep?.hosts ?? []), ...Object.keys(tick.hosts ?? {})])];
      return { sweep: sweep && { ...sweep, hosts, tick, current: tick.index, waiting: undefined } };
    }
    case 'sweep-waiting':
      return { sweep: sweep && { ...sweep, waiting: true } };
    case 'point-done':
      return { sweep: sweep && sweepAfter(sweep, event.point) };
    case 'watch-started':
      return { watch: { ...noScaleMemory, plan: event.plan, since: now, history: [] } };
    case 'scale-sample': {
      const running = event.seen ? [countStates(event.sample.group).running] : [];
      const history = [...(watch?.history ?? []), ...running].slice(-HISTORY_LOOKS);
      return { watch: watch && { ...watch, ...rememberPoll(watch, event), history } };
    }
    case 'watch-ended':
      return { watch: undefined };
    default:
      return {};
  }
}

/** @returns undefined when the point was the last one */
function sweepAfter(sweep: ActiveSweep, point: PointSummary): ActiveSweep | undefined {
  const { overlap, isOpen } = profileOf(sweep.plan);
  // One that ends while the next is offered is not what is looked at.
  const isEarlier = overlap && sweep.tick !== undefined && sweep.tick.index > point.index;
  const current = isEarlier ? sweep.current : point.index + 1;
  const isOver = point.status === 'aborted' || (!isOpen && current >= sweep.plan.rates.length);
  if (isOver) return undefined;
  return { ...sweep, tick: isEarlier ? sweep.tick : undefined, current, points: [...sweep.points, point] };
}

function progressAfter(all: readonly ActiveProgress[], event: EventOf<'progress'>, now: number) {
  if (event.total > 0 && event.done >= event.total) return without(all, event.key);
  const known = all.find(({ key }) => key === event.key);
  // A smaller figure than before is a new run under the same key (the next layer, a retry): its pace starts again.
  const { since, doneAtFirst } =
    known !== undefined && event.done >= known.done ? known : { since: now, doneAtFirst: event.done };
  return put(all, { ...event, since, doneAtFirst });
}

interface Keyed {
  readonly key: string;
}

/** In the place of what has the same key, else at the end. */
function put<T extends Keyed>(all: readonly T[], item: T): readonly T[] {
  const at = all.findIndex(({ key }) => key === item.key);
  return at < 0 ? [...all, item] : all.with(at, item);
}

function without<T extends Keyed>(all: readonly T[], key: string): readonly T[] {
  return all.filter((each) => each.key !== key);
}

/** Seconds until a progress is complete at its pace so far; undefined while there is no pace to speak of. */
export function etaOf({ since, done, doneAtFirst, total }: ActiveProgress, now: number): number | undefined {
  const seconds = (now - since) / 1000;
  const made = done - doneAtFirst;
  return total <= 0 || made <= 0 || seconds < 1 ? undefined : ((total - done) * seconds) / made;
}

/** Whether anything is going on that a live region would show. */
export function isActive({ entries: _over, steps, progress, ...single }: ViewModel): boolean {
  return steps.length + progress.length > 0 || Object.values(single).some((each) => each !== undefined);
}
