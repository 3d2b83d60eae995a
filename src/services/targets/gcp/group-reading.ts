import type { GroupError, GroupSample, InstanceSample } from '../../scaling/types.ts';
import type { Autoscaler, InstanceError, InstanceGroupManager, ManagedInstance } from './compute-calls.ts';
import { shortName } from './names.ts';

/** What the API answered at one look. */
export interface GroupAnswers {
  /** When the look began, milliseconds since the epoch. */
  readonly at: number;
  readonly group: InstanceGroupManager;
  readonly managed: readonly ManagedInstance[];
  readonly autoscaler?: Autoscaler | undefined;
  /** The autoscaler's answer is an earlier look's. */
  readonly retold?: boolean;
  /** By name of the instance; undefined where the load balancer was not asked. */
  readonly backends?: ReadonlyMap<string, string> | undefined;
  readonly errors: readonly GroupError[];
  /** When an instance was made, milliseconds since the epoch; undefined where it is not known. */
  createdAt(name: string): number | undefined;
}

/** The look as every kind of group has it. */
export function readGroup(answers: GroupAnswers): GroupSample {
  const { at, group, managed, autoscaler, retold, backends, errors, createdAt } = answers;
  const { targetSize, status } = group;
  const attempts = managed.flatMap(attemptErrors);
  return {
    at,
    ...(targetSize == null ? {} : { targetSize }),
    ...(status?.isStable == null ? {} : { stable: status.isStable }),
    instances: managed.map((each) => readInstance(each, backends, createdAt)),
    ...(autoscaler === undefined
      ? {}
      : { autoscaler: { ...readAutoscaler(autoscaler), ...(retold ? { retold } : {}) } }),
    errors: [...attempts, ...errors.filter((error) => !attempts.some((other) => isSame(error, other)))],
  };
}

/** An instance that was not made has no URL of its own, but a name. */
export function nameOf({ name, instance }: ManagedInstance): string {
  return name || shortName(instance) || 'unnamed';
}

function readInstance(
  managed: ManagedInstance,
  backends: GroupAnswers['backends'],
  createdAt: GroupAnswers['createdAt'],
): InstanceSample {
  const name = nameOf(managed);
  const { currentAction, instanceStatus, instanceHealth, version, instance } = managed;
  const known = {
    zone: /\/zones\/([^/]+)\//.exec(instance ?? '')?.[1],
    action: currentAction,
    status: instanceStatus,
    health: instanceHealth?.[0]?.detailedHealthState,
    backend: backends?.get(name),
    createdAt: createdAt(name),
    template: shortName(version?.instanceTemplate),
  };
  const told = Object.entries(known).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return { name, ...Object.fromEntries(told) };
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
function attemptErrors(managed: ManagedInstance): GroupError[] {
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
