import { CONTINUE, reasonOf, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Resource, ResourceContext } from '../../stack/resource.ts';
import type { Ec2 } from './ec2.ts';
import { isAws, unless } from './errors.ts';
import type { LiveInstance } from './instance.ts';
import { INSTANCE } from './instance-state.ts';
import { type FollowsReplacement, type Ownership, stackFilters, tagsOf } from './tags.ts';

export const ADDRESS = 'address-a';

export interface LiveAddress {
  readonly id: string;
  readonly publicIp: string;
  readonly associationId?: string | undefined;
  readonly instanceId?: string | undefined;
  /** More addresses with this key: the call that makes one has no token, so a lost answer can leave a second. */
  readonly surplus: readonly LiveAddress[];
}

const READY_SECONDS = 120;
const REMOVE_SECONDS = 120;

/**
 * An address that outlives stops of the VM.
 *
 * @param vm the VM that is to have it, and the address at which it is seen; undefined while there is none
 */
export function elasticIp(
  ec2: Ec2,
  owner: Ownership,
  vm: (context: ResourceContext) => Promise<Pick<LiveInstance, 'id' | 'publicIp'> | undefined>,
): Resource<Readonly<Record<string, never>>, LiveAddress> & FollowsReplacement {
  const find = async (context: ResourceContext): Promise<LiveAddress | undefined> => {
    const input = { Filters: stackFilters(owner.stack, ADDRESS) };
    const { Addresses = [] } = await ec2.call('DescribeAddresses', input, context.signal);
    const all = Addresses.map(
      (each): LiveAddress => ({
        id: each.AllocationId ?? '',
        publicIp: each.PublicIp ?? '',
        associationId: each.AssociationId || undefined,
        instanceId: each.InstanceId || undefined,
        surplus: [],
      }),
    );
    // One in use before a free one, then by id: every run decides alike.
    const inUse = ({ instanceId: id }: LiveAddress) => (id === undefined ? 1 : 0);
    const [first, ...surplus] = all.sort((a, b) => inUse(a) - inUse(b) || a.id.localeCompare(b.id));
    return first === undefined ? undefined : { ...first, surplus };
  };

  const releaseSurplus = async (context: ResourceContext, live: LiveAddress) => {
    for (const each of live.surplus) {
      const text = `more than one address carries the tags of ${owner.stack}/${ADDRESS}: releasing ${each.publicIp}`;
      context.emit({ type: 'note', level: 'warn', text });
      await release(ec2, context, each);
    }
  };

  const associate = (context: ResourceContext, live: LiveAddress) =>
    pollUntil(context, {
      key: ADDRESS,
      action: 'ready',
      deadlineSeconds: READY_SECONDS,
      async look() {
        const wanted = await vm(context);
        if (wanted === undefined) return { reason: 'there is no VM yet to give it to' };
        const seen = await find(context);
        // Whoever asks for the VM's address next must not get the one that it gave up.
        const arrived = (now: typeof wanted | undefined) =>
          now?.publicIp === live.publicIp ? { done: true } : { reason: 'EC2 does not show it on the VM yet' };
        if (seen?.instanceId === wanted.id) return arrived(wanted);
        try {
          const input = { AllocationId: live.id, InstanceId: wanted.id, AllowReassociation: true };
          await ec2.call('AssociateAddress', input, context.signal);
          return arrived(await vm(context));
        } catch (error) {
          const notYet = ['InvalidAllocationID.NotFound', 'InvalidInstanceID', 'InvalidInstanceID.NotFound'];
          if (isAws(error, ...notYet, 'IncorrectInstanceState')) return { reason: reasonOf(error) };
          throw error;
        }
      },
      late: (reason) =>
        remedy.unhealthy('not-ready', `address ${live.publicIp} could not be given to the VM: ${reason}`, [CONTINUE]),
    });

  return {
    key: ADDRESS,
    dependsOn: [INSTANCE],
    find,
    diff: (_spec, live) => (live.instanceId === undefined || live.surplus.length > 0 ? 'update' : 'same'),
    whenReplaced: () => 'update',
    async create(context, _spec, token) {
      const input = {
        Domain: 'vpc' as const,
        TagSpecifications: [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf(owner, ADDRESS, token) }],
      };
      const made = (await find(context)) ?? (await ec2.call('AllocateAddress', input, context.signal));
      const seen = await find(context);
      if (seen !== undefined) {
        await releaseSurplus(context, seen);
        return { ...seen, surplus: [] };
      }
      return 'surplus' in made ? made : { id: made.AllocationId ?? '', publicIp: made.PublicIp ?? '', surplus: [] };
    },
    async update(context, _spec, live) {
      await releaseSurplus(context, live);
      return { ...live, surplus: [] };
    },
    // Also after the VM was replaced, when the address itself is as it was and only hangs on nothing.
    async ready(context, live) {
      await associate(context, live);
    },
    async remove(context, live) {
      const seen = (await find(context)) ?? live;
      for (const each of [seen, ...seen.surplus]) await release(ec2, context, each);
    },
    identify: ({ id, publicIp }) => ({ id, address: publicIp }),
  };
}

async function release(ec2: Ec2, context: ResourceContext, { id, publicIp, associationId }: LiveAddress) {
  if (associationId !== undefined) {
    await ec2
      .call('DisassociateAddress', { AssociationId: associationId }, context.signal)
      .catch(unless('InvalidAssociationID.NotFound'));
  }
  await pollUntil(context, {
    key: ADDRESS,
    action: 'remove',
    deadlineSeconds: REMOVE_SECONDS,
    async look() {
      try {
        await ec2.call('ReleaseAddress', { AllocationId: id }, context.signal);
        return { done: true };
      } catch (error) {
        if (isAws(error, 'InvalidAllocationID.NotFound')) return { done: true };
        if (isAws(error, 'InvalidIPAddress.InUse', 'DependencyViolation'))
          return { reason: 'EC2 still counts it as in use' };
        throw error;
      }
    },
    late: (reason) =>
      remedy.leftovers('aws-in-use', `address ${publicIp} (${id}) could not be released: ${reason}`, [
        'run "chainctl teardown aws" again: an address costs money while it is held',
      ]),
  });
}
