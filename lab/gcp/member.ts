import { type Cloud, secondsToMs } from './cloud.ts';
import { ApiError, LateError } from './errors.ts';
import { balancersReach } from './firewall.ts';
import type { MemberView } from './group-plan.ts';
import { shownError } from './group-versions.ts';
import type { HealthCheck, Instance, InstanceProperties, ManagedInstance } from './model.ts';
import { linkTo, type Place } from './names.ts';
import { Health, portOf, probe } from './probes.ts';
import type { Entry, Store } from './store.ts';

export type Action = 'NONE' | 'CREATING' | 'VERIFYING' | 'RECREATING' | 'DELETING';

/** One instance of a group, also while there is none. */
export interface Member {
  readonly place: Place;
  readonly name: string;
  readonly path: string;
  readonly zone: string;
  readonly createdAt: number;
  /** Path of its template. */
  readonly template: string;
  action: Action;
  health: Health;
  probedAt: number;
  probing: boolean;
  /** When its instance began to run. */
  runningSince: number;
  /** Of the last attempt that failed, until one succeeds. */
  error: LateError | undefined;
  /** When it is tried again; 0 for not. */
  retryAt: number;
}

/** One error of an attempt to do something to an instance. */
export interface GroupError {
  readonly member: Member;
  readonly action: Action;
  readonly error: LateError;
  readonly at: string;
}

export function newMember(at: Pick<Member, 'place' | 'name' | 'path' | 'zone' | 'template'>): Member {
  const fresh = { health: new Health(), probedAt: 0, probing: false, runningSince: 0, error: undefined, retryAt: 0 };
  return { ...at, ...fresh, createdAt: Date.now(), action: 'CREATING' };
}

export function viewOf(store: Store, { name, path, template, createdAt, action, health }: Member): MemberView {
  const status = store.find<Instance>(path)?.body.status;
  const available = action === 'NONE' && status === 'RUNNING' && !health.failed;
  return { name, template, createdAt, leaving: action === 'DELETING', available };
}

/** As `listManagedInstances` shows it. */
export function shownMember(
  store: Store,
  member: Member,
  check: Entry<HealthCheck> | undefined,
  versionName: string,
): ManagedInstance {
  const instance = store.find<Instance & { id: string }>(member.path)?.body;
  const health = check && { detailedHealthState: member.health.state, healthCheck: linkTo(check.path) };
  return {
    ...{ name: member.name, instance: linkTo(member.path), currentAction: member.action },
    ...(instance ? { id: instance.id, instanceStatus: instance.status ?? '' } : {}),
    ...(health && instance ? { instanceHealth: [health] } : {}),
    // Nothing of what leaves tells what it was made from.
    ...(member.action === 'DELETING'
      ? {}
      : { version: { instanceTemplate: linkTo(member.template), name: versionName } }),
    ...(member.error ? { lastAttempt: { errors: { errors: [shownError(member.error)] } } } : {}),
    ...{ preservedStateFromConfig: {}, preservedStateFromPolicy: {} },
  };
}

/** What the group asks for to have a member made. */
export function requestFor(member: Member, properties: InstanceProperties | undefined, groupPath: string): Instance {
  const items = [
    ...(properties?.metadata?.items ?? []),
    { key: 'instance-template', value: member.template },
    { key: 'created-by', value: groupPath },
  ];
  const machineType = `zones/${member.zone}/machineTypes/${properties?.machineType}`;
  return structuredClone({ ...properties, name: member.name, machineType, metadata: { items } }) as Instance;
}

/** Looks at a member's health when it is time to. */
export function watchHealth(cloud: Cloud, member: Member, instance: Instance, check: HealthCheck): void {
  const now = Date.now();
  const interval = secondsToMs(cloud, check.checkIntervalSec ?? 5);
  if (member.probing || now - member.probedAt < interval) return;
  member.probedAt = now;
  member.probing = true;
  const address = instance.networkInterfaces?.[0]?.networkIP ?? '';
  const { health } = member;
  const open = balancersReach(cloud, instance, portOf(check, 80));
  // Checks that are quicker than a machine can answer would only measure the machine.
  const timeoutMs = Math.max(500, secondsToMs(cloud, check.timeoutSec ?? 5));
  const result = open ? probe(check, address, 80, timeoutMs) : Promise.resolve('timeout' as const);
  result.then((outcome) => {
    health.note(outcome, check);
    member.probing = false;
  });
}

export function neverHealthy({ name, health }: Member, delay: number): LateError {
  const message = `Waiting for HEALTHY state timed out (autohealingPolicy.initialDelay=${delay} sec) for instance ${name}, health state: ${health.state}.`;
  return new LateError('WAITING_FOR_HEALTHY_TIMEOUT_EXCEEDED', message);
}

const CODES: Readonly<Record<string, string>> = {
  notFound: 'RESOURCE_NOT_FOUND',
  alreadyExists: 'RESOURCE_ALREADY_EXISTS',
  invalid: 'INVALID_FIELD_VALUE',
};

/** How a group tells what a call of its own was refused with; `undefined` for a fault of the lab. */
export function lateErrorOf(error: unknown): LateError | undefined {
  if (error instanceof ApiError)
    return new LateError(CODES[error.reason] ?? 'CONDITION_NOT_MET', error.message, error.status);
  return error instanceof LateError ? error : undefined;
}
