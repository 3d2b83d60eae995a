import type { InstanceError, InstanceGroupManager, ManagedInstance } from './compute-calls.ts';
import { type Fault, isPolicy } from './errors.ts';
import { attemptErrors, nameOf, readErrors } from './group-reading.ts';
import { samePath } from './paths.ts';

/** A fault that an instance of the group met. */
export interface InstanceFault extends Fault {
  readonly instance: string;
}

/** What happens to a group while it is watched: it has arrived, it cannot arrive, or this is what it waits for. */
export type Verdict =
  | { readonly kind: 'stable' }
  | { readonly kind: 'failed'; readonly fault: InstanceFault }
  | { readonly kind: 'waiting'; readonly reason: string };

/** Faults that go away when the group tries again, as it does by itself. */
const PASSING = /INTERNAL|BACKEND|RATE_EXCEEDED|RATE_LIMIT|UNAVAILABLE|TIMED?_?OUT$|CONDITION_NOT_MET|NOT_READY/;
/** Autohealing has given a new instance up. */
export const NEVER_HEALTHY = 'WAITING_FOR_HEALTHY_TIMEOUT_EXCEEDED';

/** Whether the group will not get over it by trying again. */
export function isLasting({ reason, message }: Pick<Fault, 'reason' | 'message'>): boolean {
  return reason === NEVER_HEALTHY || isPolicy(message) || !PASSING.test(reason);
}

interface Look {
  readonly group: InstanceGroupManager;
  readonly instances: readonly ManagedInstance[];
  /** What the group has had to say since it is watched. */
  readonly errors: readonly InstanceError[];
  /** Path of the template that all instances are to be made from. */
  readonly template: string;
}

/** Decides from one look at a group. What instances of another template met does not count. Pure. */
export function judge({ group, instances, errors, template }: Look): Verdict {
  const fault = firstFault(instances, errors, template);
  if (fault !== undefined) return { kind: 'failed', fault };
  const done = instances.filter((each) => isSettled(each, template)).length;
  const size = group.targetSize ?? 0;
  const settled = group.status?.isStable === true && group.status.versionTarget?.isReached !== false;
  if (settled && size > 0 && done === instances.length && done >= size) return { kind: 'stable' };
  const busy = instances.filter((each) => !isSettled(each, template)).map((each) => describeInstance(each, template));
  const list = busy.length > 0 ? `: ${busy.join('; ')}` : '';
  return { kind: 'waiting', reason: `${done} of ${size} instances are ready${list}` };
}

function firstFault(
  instances: readonly ManagedInstance[],
  errors: readonly InstanceError[],
  template: string,
): InstanceFault | undefined {
  const attempts = instances.filter((each) => isComing(each, template)).flatMap(attemptErrors);
  const told = errors.filter(({ instanceActionDetails }) => {
    const { action, version } = instanceActionDetails ?? {};
    return !isRemoval(action) && fromTemplate({ version: version ?? null }, template);
  });
  return [...attempts, ...readErrors(told)]
    .map(({ code, message, instance = '' }) => ({ instance, reason: code, message }))
    .find(isLasting);
}

/** What is on its way out does not say any more which template it is of. */
function isRemoval(action: unknown): boolean {
  return action === 'DELETING' || action === 'ABANDONING';
}

/** Whether an instance of this template is being brought into service: what it meets is what the template meets. */
export function isComing(instance: ManagedInstance, template: string): boolean {
  const { currentAction } = instance;
  return currentAction !== 'NONE' && !isRemoval(currentAction) && fromTemplate(instance, template);
}

/** Whether an instance is, or will be, made from this template; one that does not say so counts. */
function fromTemplate({ version }: ManagedInstance, template: string): boolean {
  return !version?.instanceTemplate || samePath(version.instanceTemplate, template);
}

function isSettled(instance: ManagedInstance, template: string): boolean {
  return instance.currentAction === 'NONE' && instance.instanceStatus === 'RUNNING' && fromTemplate(instance, template);
}

/** One instance in a few words: what is done with it, what it is, what its health is, what went wrong last. */
function describeInstance(instance: ManagedInstance, template: string): string {
  const health = instance.instanceHealth?.[0]?.detailedHealthState;
  const [error] = instance.lastAttempt?.errors?.errors ?? [];
  const words = [
    instance.currentAction !== 'NONE' && instance.currentAction,
    instance.instanceStatus,
    health && `health ${health}`,
    !fromTemplate(instance, template) && 'old template',
    error && `${error.code}: ${error.message}`,
  ];
  return `${nameOf(instance)} ${words.filter(Boolean).join(', ')}`;
}
