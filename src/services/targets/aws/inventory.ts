import type { MarkedObject } from '../../stack/provider.ts';
import { ADDRESS } from './address.ts';
import type { Ec2, Tag } from './ec2.ts';
import { DEFAULT_DISK_GB } from './flags.ts';
import { describeInstances, INSTANCE } from './instance-state.ts';
import { KEY_PAIR } from './key-pair.ts';
import { addressPerHour, costOf } from './prices.ts';
import { FIREWALL } from './security-group.ts';
import { CREATED_BY_TAG, EXPIRES_TAG, KEY_TAG, readTags, STACK_TAG } from './tags.ts';

/** Everything in the region that carries chainctl's tag, whatever its stack. VMs that have ended do not count. */
export async function listTagged(ec2: Ec2, signal: AbortSignal): Promise<MarkedObject[]> {
  const Filters = [{ Name: 'tag-key', Values: [STACK_TAG] }];
  const states = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] };
  const [instances, { KeyPairs = [] }, { SecurityGroups = [] }, { Addresses = [] }] = await Promise.all([
    describeInstances(ec2, { Filters: [...Filters, states] }, signal),
    ec2.call('DescribeKeyPairs', { Filters }, signal),
    ec2.call('DescribeSecurityGroups', { Filters }, signal),
    ec2.call('DescribeAddresses', { Filters }, signal),
  ]);
  return [
    ...instances.map(({ InstanceId, Tags, LaunchTime, InstanceType: type }) => {
      return { ...marked('VM', INSTANCE, InstanceId, Tags), createdAt: LaunchTime?.toISOString(), type };
    }),
    ...Addresses.map(({ AllocationId, Tags }) => marked('address', ADDRESS, AllocationId, Tags)),
    ...SecurityGroups.map(({ GroupId, Tags }) => marked('security group', FIREWALL, GroupId, Tags)),
    ...KeyPairs.map(({ KeyPairId, Tags, CreateTime }) => {
      return { ...marked('key pair', KEY_PAIR, KeyPairId, Tags), createdAt: CreateTime?.toISOString() };
    }),
  ];
}

function marked(kind: string, key: string, id: string | undefined, given: readonly Tag[] | undefined) {
  const tags = readTags(given);
  return {
    stack: tags.get(STACK_TAG) ?? '',
    key: tags.get(KEY_TAG) ?? key,
    createdBy: tags.get(CREATED_BY_TAG) ?? 'unknown',
    expiresAt: tags.get(EXPIRES_TAG),
    kind,
    id: id ?? '',
  };
}

/** USD per hour of objects of one region; undefined when a price is not known. Pure. */
export function perHourIn(region: string, objects: readonly Pick<MarkedObject, 'kind' | 'type'>[]): number | undefined {
  const vms = objects.filter(({ kind }) => kind === 'VM');
  // A VM's price has one address in it; an address without a VM costs the same.
  const idle = Math.max(0, objects.filter(({ kind }) => kind === 'address').length - vms.length);
  let sum = idle * addressPerHour();
  for (const { type = '' } of vms) {
    const { perHour } = costOf({ region, type, diskGb: DEFAULT_DISK_GB });
    if (perHour === undefined) return undefined;
    sum += perHour;
  }
  return sum;
}
