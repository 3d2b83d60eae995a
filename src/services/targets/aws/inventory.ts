import type { MarkedObject } from '../../stack/provider.ts';
import { ADDRESS } from './address.ts';
import type { Ec2, Tag } from './ec2.ts';
import { KEY_PAIR } from './key-pair.ts';
import { addressPerHour, costOf } from './prices.ts';
import { DEFAULT_DISK_GB } from './request.ts';
import { FIREWALL } from './security-group.ts';
import { CREATED_BY_TAG, EXPIRES_TAG, KEY_TAG, readTags, STACK_TAG } from './tags.ts';

/** One object in the region that carries chainctl's tag. */
export interface TaggedObject {
  readonly stack: string;
  readonly key: string;
  readonly kind: 'VM' | 'key pair' | 'security group' | 'address';
  readonly id: string;
  readonly createdBy: string;
  /** ISO 8601, where EC2 tells it. */
  readonly createdAt?: string | undefined;
  readonly expiresAt?: string | undefined;
  /** VMs only. */
  readonly type?: string | undefined;
}

/** Everything in the region that carries the tag, whatever its stack. VMs that have ended do not count. */
export async function listTagged(ec2: Ec2, signal: AbortSignal): Promise<TaggedObject[]> {
  const Filters = [{ Name: 'tag-key', Values: [STACK_TAG] }];
  const states = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] };
  const [instances, pairs, groups, addresses] = await Promise.all([
    ec2.call('DescribeInstances', { Filters: [...Filters, states] }, signal),
    ec2.call('DescribeKeyPairs', { Filters }, signal),
    ec2.call('DescribeSecurityGroups', { Filters }, signal),
    ec2.call('DescribeAddresses', { Filters }, signal),
  ]);
  return [
    ...(instances.Reservations ?? [])
      .flatMap(({ Instances = [] }) => Instances)
      .map((each) => ({
        ...tagged(each.Tags, 'instance'),
        kind: 'VM' as const,
        id: each.InstanceId ?? '',
        createdAt: each.LaunchTime?.toISOString(),
        type: each.InstanceType,
      })),
    ...(addresses.Addresses ?? []).map((each) => ({
      ...tagged(each.Tags, ADDRESS),
      kind: 'address' as const,
      id: each.AllocationId ?? '',
    })),
    ...(groups.SecurityGroups ?? []).map((each) => ({
      ...tagged(each.Tags, FIREWALL),
      kind: 'security group' as const,
      id: each.GroupId ?? '',
    })),
    ...(pairs.KeyPairs ?? []).map((each) => ({
      ...tagged(each.Tags, KEY_PAIR),
      kind: 'key pair' as const,
      id: each.KeyPairId ?? '',
      createdAt: each.CreateTime?.toISOString(),
    })),
  ];
}

function tagged(given: readonly Tag[] | undefined, key: string) {
  const tags = readTags(given);
  return {
    stack: tags.get(STACK_TAG) ?? '',
    key: tags.get(KEY_TAG) ?? key,
    createdBy: tags.get(CREATED_BY_TAG) ?? 'unknown',
    expiresAt: tags.get(EXPIRES_TAG),
  };
}

/** USD per hour of objects of one region; undefined when a price is not known. Pure. */
export function perHourIn(region: string, objects: readonly Pick<MarkedObject, 'kind' | 'type'>[]): number | undefined {
  const vms = objects.filter(({ kind }) => kind === 'VM');
  // A VM's price has one address in it; an address without a VM costs the same.
  const idle = Math.max(0, objects.filter(({ kind }) => kind === 'address').length - vms.length);
  let sum = idle * addressPerHour();
  for (const { type } of vms) {
    const cost = costOf({ region, type: type ?? '', diskGb: DEFAULT_DISK_GB }).perHour;
    if (cost === undefined) return undefined;
    sum += cost;
  }
  return sum;
}
