import type { Event, StepAction } from '../../events.ts';
import { profileOf } from '../../services/load/profiles/profiles.ts';
import type { PointSummary, SweepPlan, SweepTick } from '../../services/load/types.ts';
import { countStates } from '../../services/scaling/instance-state.ts';
import type { ScaleSample, WatchPlan } from '../../services/scaling/types.ts';
import { type Entry, entryOf } from '../format/entry.ts';
import { noScaleMemory, rememberPoll, type ScaleMemory, scaleChanges } from '../format/scale-changes.ts';
import { type Paint, plain } from '../format/text.ts';

export interface ActiveStep {
  readonly key: string;
  readonly action: StepAction;
  readonly detail?: string;
  readonly reason?: string;
  /** Monotonic milliseconds. */
  readonly since: number;
}

export interface ActiveProgress {
  readonly key: string;
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly since: number;
  /** What was done when it was first heard of: a resumed download did not start at nothing. */
  readonly doneAtFirst: number;
}

export interface ActiveSweep {
  readonly plan: SweepPlan;
  /** Index of the point that runs or comes next, as far as events have told: a resumed run does not begin at 0. */
  readonly current: number;
  readonly points: readonly PointSummary[];
  /** Every host that has answered so far: a new point begins with the same rows. */
  readonly hosts: readonly string[];
  readonly tick?: SweepTick;
  /** The next point waits until the target is calm again. */
  readonly waiting?: boolean;
}

/** Polls that the history shows. */
const HISTORY_LOOKS = 120;

export interface ActiveWatch {
  readonly plan: WatchPlan;
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly memory: ScaleMemory;
  readonly sample?: ScaleSample;
  /** The last look that saw the group. */
  readonly seen?: ScaleSample;
  /** Running instances of the last looks, oldest first. */
  readonly history: readonly number[];
}

/** What a person sees: what is over, and what is going on. */
export interface ViewModel {
  /** Only ever appended to. */
  readonly entries: readonly Entry[];
  readonly phase?: { readonly name: string; readonly estimateSeconds?: number; readonly since: number };
  readonly steps: readonly ActiveStep[];
  readonly progress: readonly ActiveProgress[];
  readonly check?: { readonly name: string; readonly index: number; readonly count: number; readonly since: number };
  readonly sweep?: ActiveSweep;
  readonly watch?: ActiveWatch;
}

export const emptyView: ViewModel = { entries: [], steps: [], progress: [] };

/** The view after an event. Pure: `now` is in monotonic milliseconds. */
export function reduceView(view: ViewModel, event: Event, now: number, paint: Paint = plain): ViewModel {
  const entry = entryOf(event, paint);
  const kept = entry === undefined ? view : { ...view, entries: [...view.entries, entry] };
  return reduceActive(kept, event, now);
}

function reduceActive(view: ViewModel, event: Event, now: number): ViewModel {
  switch (event.type) {
    case 'phase': {
      const { name, estimateSeconds } = event;
      const phase = { name, since: now, ...(estimateSeconds === undefined ? {} : { estimateSeconds }) };
      // A sweep that was stopped early has no last point to tell its end.
      const { sweep: _over, ...rest } = view;
      return { ...rest, phase };
    }
    case 'step-started': {
      const { key, action, detail } = event;
      return upsertStep(view, { key, action, since: now, ...(detail === undefined ? {} : { detail }) });
    }
    case 'step-waiting': {
      const { key, action, reason } = event;
      const known = view.steps.find((step) => step.key === key);
      return upsertStep(view, { ...(known ?? { key, since: now }), action, reason });
    }
    case 'step-done':
    case 'step-failed':
      return {
        ...view,
        steps: view.steps.filter((step) => step.key !== event.key),
        progress: view.progress.filter((progress) => progress.key !== event.key),
      };
    case 'progress':
      return reduceProgress(view, event, now);
    case 'check-started': {
      const { name, index, count } = event;
      return { ...view, check: { name, index, count, since: now } };
    }
    case 'check-done': {
      const { check: _over, ...rest } = view;
      return rest;
    }
    case 'sweep-started':
      return { ...view, sweep: { plan: event.plan, current: 0, points: [], hosts: [] } };
    case 'sweep-tick': {
      if (view.sweep === undefined) return view;
      const hosts = withNew(view.sweep.hosts, Object.keys(event.tick.hosts ?? {}));
      const { waiting: _over, ...sweep } = view.sweep;
      return { ...view, sweep: { ...sweep, hosts, tick: event.tick, current: event.tick.index } };
    }
    case 'sweep-waiting':
      return view.sweep === undefined ? view : { ...view, sweep: { ...view.sweep, waiting: true } };
    case 'point-done': {
      if (view.sweep === undefined) return view;
      const { tick, ...rest } = view.sweep;
      // One that ends while the next is offered is not what is looked at.
      const { overlap, isOpen } = profileOf(rest.plan);
      const later = overlap && tick !== undefined && tick.index > event.point.index;
      const sweep = later ? view.sweep : rest;
      const current = later ? sweep.current : event.point.index + 1;
      const more = isOpen || current < sweep.plan.rates.length;
      if (more && event.point.status !== 'aborted') {
        return { ...view, sweep: { ...sweep, current, points: [...sweep.points, event.point] } };
      }
      const { sweep: _ended, ...others } = view;
      return others;
    }
    case 'watch-started':
      return { ...view, watch: { plan: event.plan, since: now, memory: noScaleMemory, history: [] } };
    case 'scale-sample':
      return view.watch === undefined ? view : reduceLook(view, view.watch, event);
    case 'watch-ended': {
      const { watch: _over, ...rest } = view;
      return rest;
    }
    default:
      return view;
  }
}

/** What changed stays on the screen; what is goes into the panel. */
function reduceLook(view: ViewModel, watch: ActiveWatch, look: Event & { type: 'scale-sample' }): ViewModel {
  const { sample, seen } = look;
  const running = countStates(sample.group).running;
  return {
    ...view,
    entries: [...view.entries, ...scaleChanges(watch.memory, look)],
    watch: {
      ...watch,
      memory: rememberPoll(watch.memory, look),
      sample,
      ...(seen ? { seen: sample, history: [...watch.history, running].slice(-HISTORY_LOOKS) } : {}),
    },
  };
}

function withNew(known: readonly string[], names: readonly string[]): readonly string[] {
  const fresh = names.filter((name) => !known.includes(name));
  return fresh.length === 0 ? known : [...known, ...fresh];
}

function upsertStep(view: ViewModel, step: ActiveStep): ViewModel {
  const known = view.steps.some((other) => other.key === step.key);
  const steps = known ? view.steps.map((other) => (other.key === step.key ? step : other)) : [...view.steps, step];
  return { ...view, steps };
}

function reduceProgress(view: ViewModel, event: Event & { type: 'progress' }, now: number): ViewModel {
  const { key, label, done, total, unit } = event;
  const others = view.progress.filter((other) => other.key !== key);
  if (total > 0 && done >= total) return { ...view, progress: others };
  const known = view.progress.find((other) => other.key === key);
  // A smaller figure than before is a new run under the same key (the next layer, a retry): its pace starts again.
  const continued = known !== undefined && done >= known.done;
  const since = continued ? known.since : now;
  const doneAtFirst = continued ? known.doneAtFirst : done;
  const next = { key, label, done, total, unit, since, doneAtFirst };
  const progress = known === undefined ? [...others, next] : view.progress.map((p) => (p.key === key ? next : p));
  return { ...view, progress };
}

/** Seconds until a progress is complete at its pace so far; undefined while there is no pace to speak of. */
export function etaOf(progress: ActiveProgress, now: number): number | undefined {
  const seconds = (now - progress.since) / 1000;
  const made = progress.done - progress.doneAtFirst;
  if (progress.total <= 0 || made <= 0 || seconds < 1) return undefined;
  return ((progress.total - progress.done) * seconds) / made;
}

/** Whether anything is going on that a live region would show. */
export function isActive(view: ViewModel): boolean {
  const single = view.check !== undefined || [view.sweep, view.watch, view.phase].some((each) => each !== undefined);
  return single || view.steps.length > 0 || view.progress.length > 0;
}
