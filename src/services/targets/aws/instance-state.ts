import { ExitCode, RemedyError, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import { type Ec2, type Input, type Instance, pagesOf } from './ec2.ts';
import { insteadOf } from './errors.ts';

export const INSTANCE = 'instance-a';

const READY_SECONDS = 300;
const ENDED = ['terminated', 'shutting-down'];

/** All VMs that fit. */
export async function describeInstances(
  ec2: Ec2,
  input: Input<'DescribeInstances'>,
  signal: AbortSignal,
): Promise<Instance[]> {
  const pages = await pagesOf(ec2, 'DescribeInstances', input, signal);
  return pages.flatMap(({ Reservations = [] }) => Reservations.flatMap(({ Instances = [] }) => Instances));
}

/** One VM by its id; undefined where EC2 does not know it, or not yet. */
export async function findById(ec2: Ec2, { signal }: ResourceContext, id: string): Promise<Instance | undefined> {
  const found = describeInstances(ec2, { InstanceIds: [id] }, signal);
  return (await found.catch(insteadOf(['InvalidInstanceID.NotFound'], [])))[0];
}

/** A VM that is stopping cannot be started before it has stopped. */
export async function settle(ec2: Ec2, context: ResourceContext, id: string): Promise<void> {
  await pollUntil(context, {
    key: INSTANCE,
    action: 'update',
    deadlineSeconds: READY_SECONDS,
    async look() {
      const state = (await findById(ec2, context, id))?.State?.Name ?? 'not known yet';
      return state === 'stopping' ? { reason: 'the VM is stopping' } : { done: true };
    },
    late: (reason) => notReady(id, reason),
  });
}

/** Running, with a public address, and not found impaired. Whether it can be logged in to is the next resource's matter. */
export async function waitUntilRunning(ec2: Ec2, context: ResourceContext, id: string): Promise<void> {
  await pollUntil(context, {
    key: INSTANCE,
    action: 'ready',
    deadlineSeconds: READY_SECONDS,
    async look() {
      // Not found right after the launch is normal: EC2 answers from many places.
      const seen = await findById(ec2, context, id);
      const state = seen?.State?.Name ?? '';
      if (seen === undefined) return { reason: `EC2 does not know ${id} yet` };
      if (ENDED.includes(state)) throw endedByItself(seen);
      if (state !== 'running') return { reason: `${id} is ${state}` };
      if (!seen.PublicIpAddress) return { reason: `${id} has no public address yet` };
      const { InstanceStatuses: [checks] = [] } = await ec2
        .call('DescribeInstanceStatus', { InstanceIds: [id] }, context.signal)
        .catch(insteadOf(['InvalidInstanceID.NotFound'], { InstanceStatuses: [] }));
      const impaired = [checks?.SystemStatus, checks?.InstanceStatus].some((check) => check?.Status === 'impaired');
      return impaired ? { reason: `EC2's own checks find ${id} impaired` } : { done: true };
    },
    late: (reason) => notReady(id, reason),
  });
}

/** Why a VM that does not answer never will: it has ended, or was turned off. Undefined while it may still come. */
export async function whyGone(ec2: Ec2, context: ResourceContext, id: string): Promise<RemedyError | undefined> {
  const seen = await findById(ec2, context, id);
  const state = seen?.State?.Name ?? '';
  if (seen !== undefined && ENDED.includes(state)) return endedByItself(seen);
  if (state !== 'stopping' && state !== 'stopped') return undefined;
  return remedy.unhealthy('aws-stopped', `VM ${id} was stopped by somebody else`, [
    'run the same command again: it starts it',
    'or take it down with "chainctl teardown aws"',
  ]);
}

function notReady(id: string, reason: string): RemedyError {
  return remedy.unhealthy('not-ready', `VM ${id} was not ready within ${READY_SECONDS / 60} minutes: ${reason}`, [
    'run the same command again: it goes on waiting',
    'or take it down with "chainctl teardown aws"',
  ]);
}

/** EC2 accepts a launch and ends it a moment later when a volume, a key or the host fails: its reason says which. */
function endedByItself({ InstanceId, StateReason, StateTransitionReason }: Instance): RemedyError {
  const reason = [StateReason?.Code, StateReason?.Message ?? StateTransitionReason].filter(Boolean).join(': ');
  const shortage = /LimitExceeded|Insufficient/.test(StateReason?.Code ?? '');
  return new RemedyError(`VM ${InstanceId} ended by itself: ${reason || 'EC2 gives no reason'}`, {
    code: 'aws-terminated',
    exit: shortage ? ExitCode.capacity : ExitCode.unhealthy,
    nextSteps: shortage
      ? ['choose another --type, a smaller --disk-gb or another --region', 'then run the command again']
      : ['run the same command again: it makes a new one', 'if it happens again, choose another --type or --region'],
  });
}
