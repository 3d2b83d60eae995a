import type { LogKind, LogSelection, LogSource } from './log-source.ts';
import type { ResourceContext, Target } from './resource.ts';
import type { TargetRecord } from './state.ts';

/** One resource of a target, as `status` shows it. */
export interface ResourceStatus {
  readonly key: string;
  /**
   * `recorded`: in the state file, and not looked at. `gone`: recorded, but not there. `unrecorded`: there, but not in the
   * state file.
   */
  readonly state: 'healthy' | 'unhealthy' | 'recorded' | 'gone' | 'unrecorded';
  readonly since?: string;
  readonly pid?: number;
  /** What identifies it where it is no process: an instance's id. */
  readonly id?: string;
  readonly address?: string;
  readonly reason?: string;
}

/** What is deployed on one target. */
export interface TargetStatus {
  readonly target: string;
  readonly since?: string;
  /** False while a deploy has not run to its end. */
  readonly complete: boolean;
  readonly simulated: boolean;
  /** Whether the services ask for the stack's token. */
  readonly auth?: 'none' | 'token';
  readonly endpoints: { readonly a?: string | undefined; readonly b?: string | undefined };
  readonly resources: readonly ResourceStatus[];
  readonly healthy: boolean;
}

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

/** The status of a target whose objects are not looked at: what its record says. */
export function recordedStatus(target: string, record: TargetRecord): TargetStatus {
  const resources = Object.entries(record.resources).map(([key, { status, since, identity }]): ResourceStatus => {
    const [id] = Object.values(identity);
    const known = { key, since, ...(id === undefined ? {} : { id: String(id) }) };
    if (status === 'ready') return { ...known, state: 'recorded' };
    return { ...known, state: 'unhealthy', reason: `the last run was interrupted while it was "${status}"` };
  });
  const complete = record.deployedAt !== undefined;
  return {
    target,
    ...(record.deployedAt === undefined ? {} : { since: record.deployedAt }),
    complete,
    simulated: false,
    ...(record.auth === undefined ? {} : { auth: record.auth }),
    endpoints: record.endpoints,
    resources,
    healthy: complete && resources.every(({ state }) => state === 'recorded'),
  };
}
