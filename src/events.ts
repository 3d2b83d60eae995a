import type { PointSummary, SweepPlan, SweepTick } from './services/load/types.ts';
import type { ScaleSample, WatchPlan } from './services/scaling/types.ts';
import type { CheckResult } from './services/smoke/types.ts';
import type { PlannedChange } from './services/stack/change.ts';

/** What happens to one resource of a stack during apply or teardown. */
export type StepAction = 'create' | 'update' | 'replace' | 'remove' | 'ready';

/**
 * Everything that services have to say while they work, as data. Reporters (terminal, lines, JSON), the audit log and
 * the tests are subscribers; no service prints.
 */
export type Event =
  | { readonly type: 'note'; readonly level: 'info' | 'warn'; readonly text: string }
  | { readonly type: 'phase'; readonly name: string; readonly estimateSeconds?: number }
  /** `target` is named where one command plans for several. */
  | { readonly type: 'plan'; readonly changes: readonly PlannedChange[]; readonly target?: string }
  | { readonly type: 'step-started'; readonly key: string; readonly action: StepAction; readonly detail?: string }
  | { readonly type: 'step-waiting'; readonly key: string; readonly action: StepAction; readonly reason: string }
  | {
      readonly type: 'step-done';
      readonly key: string;
      readonly action: StepAction;
      readonly seconds: number;
      readonly detail?: string;
    }
  | { readonly type: 'step-failed'; readonly key: string; readonly action: StepAction; readonly reason: string }
  /** `total` 0 means that the end is not known yet. Units: `bytes` or a plural noun. */
  | {
      readonly type: 'progress';
      readonly key: string;
      readonly label: string;
      readonly done: number;
      readonly total: number;
      readonly unit: string;
    }
  | { readonly type: 'check-started'; readonly name: string; readonly index: number; readonly count: number }
  | { readonly type: 'check-done'; readonly result: CheckResult; readonly index: number; readonly count: number }
  | { readonly type: 'sweep-started'; readonly plan: SweepPlan }
  | { readonly type: 'sweep-tick'; readonly tick: SweepTick }
  /** The point at `rate` does not begin before the target is calm again, for at most `boundSeconds`; told repeatedly. */
  | {
      readonly type: 'sweep-waiting';
      readonly rate: number;
      readonly reason: string;
      readonly boundSeconds: number;
    }
  | { readonly type: 'point-done'; readonly point: PointSummary }
  | { readonly type: 'watch-started'; readonly plan: WatchPlan }
  /** One look at a group; `seen` is false where it told nothing of the group itself. */
  | {
      readonly type: 'scale-sample';
      readonly sample: ScaleSample;
      readonly seen: boolean;
      readonly elapsedSeconds: number;
    }
  | { readonly type: 'watch-ended' };

/** The events of one type. */
export type EventOf<T extends Event['type']> = Extract<Event, { readonly type: T }>;

export type Emit = (event: Event) => void;

/** Shows events to whoever watches. `close` leaves the terminal as a shell expects it. */
export interface Reporter {
  readonly handle: Emit;
  close(): Promise<void>;
}
