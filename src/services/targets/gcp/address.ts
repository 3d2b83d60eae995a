import type { Compute } from './compute.ts';
import type { Address } from './compute-calls.ts';
import { globalObject } from './global-object.ts';
import { labelsOf, type Ownership } from './names.ts';

export const ADDRESS = 'address';

/** The public address of service B: reserved first, so that A can be told of it while the rest is being made. */
export function globalAddress(compute: Compute, owner: Ownership) {
  return globalObject<Readonly<Record<string, never>>, Address>(compute, owner, 'addresses', {
    key: ADDRESS,
    dependsOn: [],
    labels: labelsOf(owner, ADDRESS),
    bodyOf: () => ({ ipVersion: 'IPV4', addressType: 'EXTERNAL' }),
    differences: () => [],
    // Nothing but its labels can be changed.
    patch: async () => {},
    identify: ({ address }) => ({ address: address ?? '' }),
  });
}
