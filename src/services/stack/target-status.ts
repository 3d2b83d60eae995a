import type { Endpoints } from '../workloads/service-definition.ts';
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
  readonly endpoints: Endpoints;
  readonly resources: readonly ResourceStatus[];
  readonly healthy: boolean;
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
