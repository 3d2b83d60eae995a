import type { Emit, Event } from '../../../events.ts';
import type { Clock } from '../../clock.ts';
import type { FlagSet, FlagValues } from '../../workloads/service-definition.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { RunRecordOptions } from '../record/run-record.ts';
import type { Limit } from '../stats/criterion.ts';
import type { PointSummary, SweepPlan } from '../types.ts';

/** The run whose figures are written. */
export interface OutputRun extends Pick<RunRecordOptions, 'outFolder' | 'tag' | 'targetName' | 'onFailure'> {
  readonly folder: string;
  readonly loop?: SweepPlan['loop'];
  /** Limits of `--goodput`. */
  readonly goodput?: readonly Limit[];
  /** Names of the files of points that an earlier process finished, where the run goes on; absent for a new one. */
  readonly kept?: readonly string[];
  readonly emit: Emit;
}

/** What takes the requests of one point. */
export interface PointOutput {
  /** As they end; must be quick. */
  add(records: readonly RequestRecord[]): void;
  /** The file that has them, as it shall be named in results. */
  readonly file?: string;
  close(): Promise<void>;
}

/** Where the figures of a sweep go while it runs; everything that an output need not do is optional. */
export interface Output {
  /** Before the first request. @throws RemedyError (exit 3) when it cannot be written */
  begin?(run: OutputRun): Promise<void>;
  /** Each event of the sweep, before an operator sees it. */
  handle?(event: Event): void;
  /** A point begins. @throws RemedyError (exit 3) when it cannot be written */
  openPoint?(rate: number): Promise<PointOutput>;
  /** A point is over, now or in an earlier process of the run; resolves when it is written. */
  addPoint?(plan: SweepPlan, point: PointSummary): Promise<void>;
  /** Writes what is left, within a bound; does not throw. */
  close(): Promise<void>;
}

/** What an output needs of its surroundings. */
export interface OutputDeps {
  /** Of chainctl. */
  readonly version: string;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** A kind of output: its flags, and what opens it. */
export interface OutputKind {
  readonly flags: FlagSet;
  /** @returns undefined where the flags do not ask for it */
  open(flags: FlagValues, deps: OutputDeps): Promise<Output | undefined>;
}
