import type { Auth, Endpoints } from '../workloads/service-definition.ts';
import type { ResourceRecord, TargetRecord } from './state.ts';

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

export interface TargetStatus {
  readonly target: string;
  readonly since?: string;
  /** False while a deploy has not run to its end. */
  readonly complete: boolean;
  readonly simulated: boolean;
  /** Which engine answers, where that is recorded. */
  readonly engine?: string;
  /** Its file, where the services run another graph than their own. */
  readonly pipeline?: string;
  readonly auth?: Auth;
  readonly endpoints: Endpoints;
  readonly resources: readonly ResourceStatus[];
  readonly healthy: boolean;
}

export const interruptedWhile = (status: ResourceRecord['status']) =>
  `the last run was interrupted while it was "${status}"`;

/** The status of a target whose objects are not looked at: what its record says. */
export function recordedStatus(target: string, record: TargetRecord): TargetStatus {
  const { deployedAt: since, auth, endpoints } = record;
  const resources = Object.entries(record.resources).map(([key, { status, since: then, identity }]): ResourceStatus => {
    const [id] = Object.values(identity);
    const known = { key, since: then, ...(id === undefined ? {} : { id: String(id) }) };
    if (status === 'ready') return { ...known, state: 'recorded' };
    return { ...known, state: 'unhealthy', reason: interruptedWhile(status) };
  });
  const complete = since !== undefined;
  return {
    target,
    ...(since === undefined ? {} : { since }),
    complete,
    simulated: false,
    ...(auth === undefined ? {} : { auth }),
    endpoints,
    resources,
    healthy: complete && resources.every(({ state }) => state === 'recorded'),
  };
}
