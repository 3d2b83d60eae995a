import type { Resource, ResourceContext, Target } from '../../stack/resource.ts';
import { type AwsResources, byKey } from './desired.ts';
import type { InstanceSpec } from './instance.ts';
import { addressPerHour, costOf } from './prices.ts';

/**
 * EC2 of one region as a place for resources. What the VM carries (Docker, the services) goes with it: a key that is
 * not EC2's has nothing of its own to remove.
 *
 * @param extra handles of resources on the VM, for plans and drift
 */
export function awsTarget(
  resources: AwsResources,
  extra: readonly Resource<unknown, unknown>[] = [],
): Target & { costOf(key: string, spec: unknown): string | undefined } {
  const { keyPair, firewall, instance, address } = resources;
  const cloud = [keyPair, firewall, instance, address] as readonly Resource<unknown, unknown>[];
  return {
    name: 'aws',
    async discover(context: ResourceContext) {
      const found = await Promise.all(
        cloud.map(async (resource) => ((await resource.find(context)) === undefined ? [] : [resource.key])),
      );
      return found.flat();
    },
    costOf(key, spec) {
      if (key === address.key) return `${addressPerHour()} USD/h`;
      const { type, diskGb } = (spec ?? {}) as Partial<InstanceSpec>;
      if (key !== instance.key || type === undefined || diskGb === undefined) return undefined;
      const { perHour } = costOf({ region: resources.region, type, diskGb });
      return perHour === undefined ? undefined : `${perHour.toFixed(2)} USD/h`;
    },
    handle: (key) => byKey(resources, key) ?? extra.find((each) => each.key === key) ?? goesWithTheVm(key),
  };
}

function goesWithTheVm(key: string): Resource<unknown, unknown> {
  return {
    key,
    dependsOn: [],
    find: async () => undefined,
    diff: () => 'same',
    create: () => Promise.reject(new Error(`${key} is not an EC2 object`)),
    ready: async () => {},
    remove: async () => {},
    identify: () => ({}),
  };
}
