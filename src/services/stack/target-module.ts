import type { LogKind, LogSelection, LogSource } from './log-source.ts';
import type { ResourceContext, Target } from './resource.ts';
import type { TargetRecord } from './state.ts';
import type { TargetStatus } from './target-status.ts';

/** A kind of place to deploy to, as the commands that work over all of them see it. */
export interface TargetModule {
  readonly name: string;
  /** A sweep costs nothing and needs nothing, so that `teardown` looks also where nothing is recorded. */
  readonly sweepsUnasked: boolean;
  /**
   * What is there, told quickly: from the record, and at most a health check.
   *
   * @param record what the state file holds of this target, if anything
   * @returns undefined when nothing is recorded and nothing is found
   */
  status(record: TargetRecord | undefined, signal: AbortSignal): Promise<TargetStatus | undefined>;
  /** The logs of its services; asked for again while they are followed. Absent where they cannot be read from here. */
  logs?(
    record: TargetRecord | undefined,
    selection: LogSelection,
    kind: LogKind,
    context: Pick<ResourceContext, 'emit' | 'signal'>,
  ): Promise<readonly LogSource[]>;
  /** For teardown and for `status --refresh`: may need credentials, which are then checked here. */
  open(
    record: TargetRecord | undefined,
    context: Pick<ResourceContext, 'emit' | 'signal'>,
    purpose: 'teardown' | 'refresh',
  ): Promise<Target>;
  /** Whether this machine remembers it beside the state: with the state lost, `teardown` then looks there, too. */
  hasTraces?(): Promise<boolean>;
  /** Called once a teardown has found nothing left: what was kept beside the state can go. */
  forget?(): Promise<void>;
  /** What a teardown could not do, with the way out that only this target knows. */
  explain?(error: unknown): unknown;
}
