import { CONTINUE, type RemedyError, remedy } from '../../../errors.ts';
import type { StepAction } from '../../../events.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Change, Input, Operation } from './compute-calls.ts';
import { isGcp, operationError } from './errors.ts';
import { shortName } from './names.ts';

export interface ChangeStep {
  /** The resource on whose behalf it is made. */
  readonly key: string;
  readonly action: StepAction;
  /**
   * The intent's token, which was on disk before the call: repeated with it within an hour, the call does not take effect
   * twice. Absent for what may be repeated anyway (a removal, a patch).
   */
  readonly token?: string | undefined;
  readonly deadlineSeconds?: number | undefined;
}

const DEADLINE_SECONDS = 300;

type ChangeInput<Name extends Change> = Omit<Input<Name>, 'requestId'>;

/**
 * Makes a change and waits for its end. What it needs may not be ready yet, although its own operation has ended: then it
 * is tried again for a while.
 *
 * @throws GcpError for a call that is refused and for an operation that ends badly, RemedyError (exit 5) when it does not end
 */
export async function change<Name extends Change>(
  compute: Compute,
  context: ResourceContext,
  name: Name,
  input: ChangeInput<Name>,
  step: ChangeStep,
): Promise<Operation> {
  const { deadlineSeconds = DEADLINE_SECONDS } = step;
  return pollUntil(context, {
    ...step,
    deadlineSeconds,
    look: () => taken(['resourceNotReady'], () => changeOnce(compute, context, name, input, step)),
    late: (reason) => notEnded(name, deadlineSeconds, reason),
  });
}

/** Removes an object, which may be gone already or go meanwhile; one that is still used is tried again for a while. */
export async function removeObject<Name extends Change & `${string}.delete`>(
  compute: Compute,
  context: ResourceContext,
  name: Name,
  input: ChangeInput<Name>,
  { key, deadlineSeconds = DEADLINE_SECONDS }: Pick<ChangeStep, 'key' | 'deadlineSeconds'>,
): Promise<void> {
  const step = { key, action: 'remove', deadlineSeconds } as const;
  // Nothing there is as good.
  const work = () => lookUp(() => changeOnce(compute, context, name, input, step));
  await pollUntil(context, {
    ...step,
    look: () => taken(['resourceInUseByAnotherResource', 'resourceNotReady'], work),
    late: (reason) =>
      remedy.leftovers('gcp-in-use', `${key} could not be removed: ${reason}`, [
        'run "chainctl teardown gcp" again',
        'or remove what uses it first',
      ]),
  });
}

/** One look at work that the API refuses with one of these reasons while it is busy. */
async function taken<Done>(busy: readonly string[], work: () => Promise<Done>) {
  try {
    return { done: await work() };
  } catch (error) {
    if (isGcp(error, ...busy)) return { reason: String(error) };
    throw error;
  }
}

async function changeOnce<Name extends Change>(
  compute: Compute,
  context: ResourceContext,
  name: Name,
  input: ChangeInput<Name>,
  step: ChangeStep,
): Promise<Operation> {
  const site = { call: name, project: compute.project };
  const begin = (requestId: string) => compute.begin(name, { ...input, requestId } as never, context.signal);
  let operation = await begin(step.token ?? compute.newId()).catch((error: unknown) => {
    // A token that an earlier run used, for what was wanted then.
    if (step.token === undefined || !isGcp(error, 'invalid') || !/request ?id/i.test(String(error))) throw error;
    return begin(compute.newId());
  });
  // A token that an earlier run used is answered with the operation of that time, also when it had failed.
  const isOld = step.token !== undefined && isDone(operation) && operationError(operation, site);
  if (isOld) operation = await begin(compute.newId());
  const ended = await finished(compute, context, name, operation, step);
  const failure = operationError(ended, site);
  if (failure !== undefined) throw failure;
  return ended;
}

function isDone({ status }: Operation): boolean {
  return status === 'DONE';
}

/** `wait` answers when the operation has ended, or earlier: after two minutes at most, and sometimes at once. */
async function finished(
  compute: Compute,
  context: ResourceContext,
  name: string,
  begun: Operation,
  { key, action, deadlineSeconds = DEADLINE_SECONDS }: ChangeStep,
): Promise<Operation> {
  let operation = begun;
  return pollUntil(context, {
    key,
    action,
    deadlineSeconds,
    async look() {
      if (!isDone(operation)) operation = await waitOnce(compute, operation, context.signal);
      if (isDone(operation)) return { done: operation };
      const progress = operation.progress ? `, ${operation.progress} %` : '';
      return { reason: `operation ${operation.name} of ${name} is ${operation.status}${progress}` };
    },
    late: (reason) => notEnded(name, deadlineSeconds, reason),
  });
}

function notEnded(name: string, seconds: number, reason: string): RemedyError {
  return remedy.unhealthy('not-ready', `${name} has not ended within ${seconds} s: ${reason}`, [CONTINUE]);
}

function waitOnce(compute: Compute, { name, zone, region }: Operation, signal: AbortSignal): Promise<Operation> {
  const operation = name ?? '';
  if (zone) return compute.read('zoneOperations.wait', { operation, zone: shortName(zone) }, signal);
  if (region) return compute.read('regionOperations.wait', { operation, region: shortName(region) }, signal);
  return compute.read('globalOperations.wait', { operation }, signal);
}

/** What is there under a name; undefined where there is nothing. */
export async function lookUp<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isGcp(error, 'notFound')) return undefined;
    throw error;
  }
}
