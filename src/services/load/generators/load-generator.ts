import type { Ending, Progress, RunOrder } from '../engine/protocol.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { GeneratorPlan } from './plan-generators.ts';

export interface Batch {
  readonly records: readonly RequestRecord[];
  readonly progress: Progress;
}

/** How a point ended: as ordered, or with the reason for which its generator is gone. */
export type PointEnd =
  | ({ readonly type: 'finished'; readonly progress: Progress } & Ending)
  | { readonly type: 'lost'; readonly why: string };

/** What offers a load: a process of this machine, several of them, or one elsewhere. One point at a time. */
export interface LoadGenerator {
  readonly alive: boolean;
  /** Files that it may have open; undefined when there is no limit. */
  readonly descriptorLimit: number | undefined;
  /**
   * Reads what the requests of an order are made of, so that it takes no time of the point.
   *
   * @throws RemedyError (exit 2) when a file is no longer what it was
   */
  prepare?(order: RunOrder): Promise<void>;
  /**
   * Offers one rate until its drain has ended. When `signal` aborts, nothing more is sent and what is open gets
   * `graceMs` to end; when `satisfied` does, it gets the order's drain. Never rejects because of the generator: a lost one
   * is an outcome of the point.
   */
  run(
    order: RunOrder,
    onBatch: (batch: Batch) => void,
    signal: AbortSignal,
    graceMs: number,
    satisfied?: AbortSignal,
  ): Promise<PointEnd>;
  /** Ends it; returns when it is gone. */
  close(): Promise<void>;
}

/** Starts what offers the load of one point. @throws Error when it does not start */
export type StartGenerator = (plan: Pick<GeneratorPlan, 'processes' | 'nurseryMb'>) => Promise<LoadGenerator>;
