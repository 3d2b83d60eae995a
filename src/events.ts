import type { PointSummary, SweepPlan, SweepTick } from './services/load/types.ts';
import type { ScaleSample, WatchPlan } from './services/scaling/types.ts';
import type { CheckResult } from './services/smoke/types.ts';
import type { PlannedChange } from './services/stack/change.ts';

/** What happens to one resource of a stack during apply or teardown. */
export type StepAction = 'create' | 'update' | 'replace' | 'remove' | 'ready';

interface Step {
  key: string;
  action: StepAction;
}

/**
 * Everything that services have to say while they work, as data. Reporters (terminal, lines, JSON), the audit log and
 * the tests are subscribers; no service prints.
 */
interface Events {
  note: { level: 'info' | 'warn'; text: string };
  phase: { name: string; estimateSeconds?: number };
  /** `target` is named where one command plans for several. */
  plan: { changes: readonly PlannedChange[]; target?: string };
  'step-started': Step & { detail?: string };
  'step-waiting': Step & { reason: string };
  'step-done': Step & { seconds: number; detail?: string };
  'step-failed': Step & { reason: string };
  /** `total` 0 means that the end is not known yet. Units: `bytes` or a plural noun. */
  progress: { key: string; label: string; done: number; total: number; unit: string };
  'check-started': { name: string; index: number; count: number };
  'check-done': { result: CheckResult; index: number; count: number };
  'sweep-started': { plan: SweepPlan };
  'sweep-tick': { tick: SweepTick };
  /** The point at `rate` does not begin before the target is calm again, for at most `boundSeconds`; told repeatedly. */
  'sweep-waiting': { rate: number; loop?: 'closed' | undefined; reason: string; boundSeconds: number };
  'point-done': { point: PointSummary };
  'watch-started': { plan: WatchPlan };
  /** One look at a group; `seen` is false where it told nothing of the group itself. */
  'scale-sample': { sample: ScaleSample; seen: boolean; elapsedSeconds: number };
  'watch-ended': object;
}

export type EventOf<T extends keyof Events> = Readonly<{ type: T } & Events[T]>;

export type Event = { [T in keyof Events]: EventOf<T> }[keyof Events];

export type Emit = (event: Event) => void;

/** Shows events to whoever watches. `close` leaves the terminal as a shell expects it. */
export interface Reporter {
  readonly handle: Emit;
  close(): Promise<void>;
}
