import type { Resource, ResourceContext, Target } from '../stack/resource.ts';
import { type AwsResources, byKey } from './desired.ts';

/**
 * EC2 of one region as a place for resources. What the VM carries (Docker, the services) goes with it: a key that is
 * not EC2's has nothing of its own to remove.
 *
 * @param extra handles of resources on the VM, for plans and drift
 */
export function awsTarget(resources: AwsResources, extra: readonly Resource<unknown, unknown>[] = []): Target {
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
