import type { GroupError, GroupSample, InstanceSample, Stage } from '../../stack/group.ts';
import type { Autoscaler, InstanceError, InstanceGroupManager, ManagedInstance } from './compute-calls.ts';
import { shortName } from './names.ts';

/** What the API answered in one poll. */
export interface GroupAnswers {
  /** When the poll began, milliseconds since the epoch. */
  readonly at: number;
  readonly group: InstanceGroupManager;
  readonly managed: readonly ManagedInstance[];
  readonly autoscaler?: Autoscaler | undefined;
  /** By name of the instance; undefined where there is no load balancer to ask. */
  readonly backends?: ReadonlyMap<string, string> | undefined;
  readonly errors: readonly GroupError[];
  /** When an instance was made, milliseconds since the epoch; undefined where it is not known. */
  createdAt(name: string): number | undefined;
}

/** The poll as every kind of group has it. */
export function readGroup(answers: GroupAnswers): GroupSample {
  const { at, group, managed, autoscaler, backends, errors } = answers;
  const { targetSize, status } = group;
  const attempts = managed.flatMap(attemptErrors);
  const autohealing = managed.some(({ instanceHealth }) => healthOf(instanceHealth) !== undefined);
  return {
    at,
    ...(targetSize == null ? {} : { targetSize }),
    ...(status?.isStable == null ? {} : { stable: status.isStable }),
    instances: managed.map((each) => readInstance(each, answers, autohealing)),
    healthKnown: autohealing || backends !== undefined,
    ...(autoscaler === undefined ? {} : { autoscaler: readAutoscaler(autoscaler) }),
    errors: [...attempts, ...errors.filter((error) => !attempts.some((other) => isSame(error, other)))],
  };
}

/** An instance that was not made has no URL of its own, but a name. */
export function nameOf({ name, instance }: ManagedInstance): string {
  return name || shortName(instance) || 'unnamed';
}

const COMING_BACK = ['RECREATING', 'RESTARTING', 'REFRESHING', 'STARTING', 'RESUMING'];
const GOING = ['DELETING', 'ABANDONING', 'STOPPING', 'SUSPENDING'];
const ENDING = ['STOPPING', 'STOPPED', 'TERMINATED', 'SUSPENDING', 'SUSPENDED'];

function readInstance(
  managed: ManagedInstance,
  { backends, createdAt }: GroupAnswers,
  autohealing: boolean,
): InstanceSample {
  const name = nameOf(managed);
  const { currentAction, instanceStatus, instanceHealth, version, instance } = managed;
  const [action, status] = [currentAction || undefined, instanceStatus || undefined];
  const [health, backend] = [healthOf(instanceHealth), backends?.get(name)];
  const isWell = (autohealing ? health : backend) === 'HEALTHY';
  const isAsked = backends === undefined ? isWell : backend === 'HEALTHY';
  const still = (action ?? 'NONE') === 'NONE' && status === 'RUNNING';
  const unwell = still && [health, backend].some((each) => each !== undefined && each !== 'HEALTHY');
  return {
    name,
    ...told({ zone: /\/zones\/([^/]+)\//.exec(instance ?? '')?.[1] }),
    stage: stageOf(action, status, isWell, isAsked),
    ...(unwell ? { unwell } : {}),
    detail: told({ action, status, health, backend }),
    ...told({ createdAt: createdAt(name), template: shortName(version?.instanceTemplate) || undefined }),
  };
}

function stageOf(action = 'NONE', status: string | undefined, isWell: boolean, isAsked: boolean): Stage {
  if (GOING.includes(action) || (ENDING.includes(status ?? '') && !COMING_BACK.includes(action))) return 'leaving';
  // An instance that answers a health check runs, whether or not the group says so.
  if (status === undefined ? !isWell && !isAsked : status !== 'RUNNING') return 'creating';
  return isAsked ? 'serving' : isWell ? 'healthy' : 'running';
}

/** What autohealing found. */
function healthOf(found: ManagedInstance['instanceHealth']): string | undefined {
  return found?.[0]?.detailedHealthState || undefined;
}

function told<Value extends object>(known: Value): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as never;
}

function readAutoscaler({ status, recommendedSize, autoscalingPolicy, statusDetails }: Autoscaler) {
  const { minNumReplicas: min, maxNumReplicas: max } = autoscalingPolicy ?? {};
  return {
    status: status || 'UNKNOWN',
    ...(recommendedSize == null ? {} : { recommendedSize }),
    ...(min == null ? {} : { min }),
    ...(max == null ? {} : { max }),
    details: (statusDetails ?? []).map(({ type, message }) => type || message || 'unknown'),
  };
}

/** What the last attempt on an instance failed with. */
export function attemptErrors(managed: ManagedInstance): GroupError[] {
  return (managed.lastAttempt?.errors?.errors ?? []).map(({ code, message }) => ({
    code: code || 'unknown',
    message: message || 'no reason given',
    instance: nameOf(managed),
  }));
}

/** The group's own list of what went wrong. */
export function readErrors(errors: readonly InstanceError[]): GroupError[] {
  return errors.map(({ error, instanceActionDetails, timestamp }) => {
    const at = Date.parse(timestamp ?? '');
    const instance = shortName(instanceActionDetails?.instance);
    return {
      ...(Number.isNaN(at) ? {} : { at }),
      code: error?.code || 'unknown',
      message: error?.message || 'no reason given',
      ...(instance === '' ? {} : { instance }),
    };
  });
}

function isSame(a: GroupError, b: GroupError): boolean {
  return a.code === b.code && a.message === b.message && a.instance === b.instance;
}
