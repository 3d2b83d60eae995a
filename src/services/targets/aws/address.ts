import { CONTINUE, reasonOf, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Ownership, Resource, ResourceContext } from '../../stack/resource.ts';
import type { Address, Ec2 } from './ec2.ts';
import { isAws, unless } from './errors.ts';
import { deleteOnceFree } from './eventually.ts';
import type { LiveInstance } from './instance.ts';
import { INSTANCE } from './instance-state.ts';
import { stackFilters, tagSpecifications } from './tags.ts';

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

const NOT_YET = [
  'InvalidAllocationID.NotFound',
  'InvalidInstanceID',
  'InvalidInstanceID.NotFound',
  'IncorrectInstanceState',
];

/**
 * An address that outlives stops of the VM.
 *
 * @param vm the VM that is to have it, and the address at which it is seen; undefined while there is none
 */
export function elasticIp(
  ec2: Ec2,
  owner: Ownership,
  vm: (context: ResourceContext) => Promise<Pick<LiveInstance, 'id' | 'publicIp'> | undefined>,
): Resource<Readonly<Record<string, never>>, LiveAddress> {
  const find = async ({ signal }: ResourceContext): Promise<LiveAddress | undefined> => {
    const { Addresses = [] } = await ec2.call(
      'DescribeAddresses',
      { Filters: stackFilters(owner.stack, ADDRESS) },
      signal,
    );
    // One in use before a free one, then by id: every run decides alike.
    const inUse = ({ instanceId: id }: LiveAddress) => (id === undefined ? 1 : 0);
    const [first, ...surplus] = Addresses.map(liveAddress).sort(
      (a, b) => inUse(a) - inUse(b) || a.id.localeCompare(b.id),
    );
    return first === undefined ? undefined : { ...first, surplus };
  };

  const release = async (context: ResourceContext, { id, publicIp, associationId }: LiveAddress) => {
    const { signal } = context;
    if (associationId !== undefined) {
      await ec2
        .call('DisassociateAddress', { AssociationId: associationId }, signal)
        .catch(unless('InvalidAssociationID.NotFound'));
    }
    const about = { what: `address ${publicIp} (${id})`, cost: 'an address costs money while it is held' };
    await deleteOnceFree(context, ADDRESS, about, ['InvalidIPAddress.InUse', 'DependencyViolation'], () =>
      ec2.call('ReleaseAddress', { AllocationId: id }, signal).catch(unless('InvalidAllocationID.NotFound')),
    );
  };

  const update = async (context: ResourceContext, _spec: unknown, live: LiveAddress): Promise<LiveAddress> => {
    for (const each of live.surplus) {
      const text = `more than one address carries the tags of ${owner.stack}/${ADDRESS}: releasing ${each.publicIp}`;
      context.emit({ type: 'note', level: 'warn', text });
      await release(context, each);
    }
    return { ...live, surplus: [] };
  };

  return {
    key: ADDRESS,
    dependsOn: [INSTANCE],
    find,
    diff: (_spec, live) => (live.instanceId === undefined || live.surplus.length > 0 ? 'update' : 'same'),
    whenReplaced: () => 'update',
    async create(context, spec, token) {
      const TagSpecifications = tagSpecifications(['elastic-ip'], owner, ADDRESS, token);
      const made =
        (await find(context)) ??
        liveAddress(await ec2.call('AllocateAddress', { Domain: 'vpc', TagSpecifications }, context.signal));
      return update(context, spec, (await find(context)) ?? made);
    },
    update,
    // Also after the VM was replaced, when the address itself is as it was and only hangs on nothing.
    async ready(context, live) {
      await pollUntil(context, {
        key: ADDRESS,
        action: 'ready',
        deadlineSeconds: READY_SECONDS,
        async look() {
          const wanted = await vm(context);
          if (wanted === undefined) return { reason: 'there is no VM yet to give it to' };
          // Whoever asks for the VM's address next must not get the one that it gave up.
          const arrived = (now: typeof wanted | undefined) =>
            now?.publicIp === live.publicIp ? { done: true } : { reason: 'EC2 does not show it on the VM yet' };
          if ((await find(context))?.instanceId === wanted.id) return arrived(wanted);
          try {
            const input = { AllocationId: live.id, InstanceId: wanted.id, AllowReassociation: true };
            await ec2.call('AssociateAddress', input, context.signal);
            return arrived(await vm(context));
          } catch (error) {
            if (isAws(error, ...NOT_YET)) return { reason: reasonOf(error) };
            throw error;
          }
        },
        late: (reason) =>
          remedy.unhealthy('not-ready', `address ${live.publicIp} could not be given to the VM: ${reason}`, [CONTINUE]),
      });
    },
    async remove(context, live) {
      const seen = (await find(context)) ?? live;
      for (const each of [seen, ...seen.surplus]) await release(context, each);
    },
    identify: ({ id, publicIp }) => ({ id, address: publicIp }),
  };
}

function liveAddress({ AllocationId = '', PublicIp = '', AssociationId, InstanceId }: Address): LiveAddress {
  return {
    id: AllocationId,
    publicIp: PublicIp,
    associationId: AssociationId || undefined,
    instanceId: InstanceId || undefined,
    surplus: [],
  };
}
