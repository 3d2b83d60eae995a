import type { Resource, ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Address } from './compute-calls.ts';
import { ensureLabels, hasLabels } from './labels.ts';
import { labelsOf, type Ownership } from './names.ts';
import { namedObject } from './object.ts';
import { change, removeObject } from './operations.ts';

export const ADDRESS = 'address';

/** The public address of service B: reserved first, so that A can be told of it while the rest is being made. */
export function globalAddress(
  compute: Compute,
  owner: Ownership,
): Resource<Readonly<Record<string, never>>, Address> & { readonly name: string } {
  const labels = labelsOf(owner, ADDRESS);
  const get = (address: string, signal: AbortSignal) => compute.read('addresses.get', { address }, signal);
  const label = (context: ResourceContext, name: string) =>
    ensureLabels(compute, context, name, { call: 'addresses.setLabels', key: ADDRESS, labels, read: get });
  return namedObject<Readonly<Record<string, never>>, Address>(owner, {
    key: ADDRESS,
    dependsOn: [],
    get,
    async insert(context, _spec, made, step) {
      const addressResource = { ...made, ipVersion: 'IPV4', addressType: 'EXTERNAL' };
      await change(compute, context, 'addresses.insert', { addressResource }, step);
      await label(context, made.name);
    },
    differences: (_spec, raw) => (hasLabels(raw.labels, labels) ? [] : ['labels are missing']),
    patch: (context, _spec, raw) => label(context, raw.name ?? ''),
    remove: (context, address) => removeObject(compute, context, 'addresses.delete', { address }, { key: ADDRESS }),
    identify: ({ address }) => ({ address: address ?? '' }),
  });
}
