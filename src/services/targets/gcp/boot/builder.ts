import { ExitCode } from '../../../../errors.ts';
import type { Ownership, Resource, ResourceContext } from '../../../stack/resource.ts';
import type { Compute } from '../compute.ts';
import type { Instance } from '../compute-calls.ts';
import { GcpError } from '../errors.ts';
import { labelsOf, shortName } from '../names.ts';
import { namedObject, vanished } from '../object.ts';
import { change, lookUp, removeObject } from '../operations.ts';
import { machineOf, type VmSpec } from '../template.ts';
import { publicImage } from './content.ts';
import type { Metadata } from './metadata.ts';

const BUILDER = 'builder-';

/**
 * Nobody bakes for longer: a builder that was forgotten while it runs deletes itself, whatever became of the machine that
 * made it. One that is stopped stays, as its disk does: the limit begins again at each start.
 */
const LIFE_SECONDS = 4 * 3600;
const STOP_SECONDS = 300;

export interface BuilderSpec extends VmSpec {
  readonly zone: string;
}

export function builderKey(hash: string): string {
  return `${BUILDER}${hash}`;
}

export function isBuilderKey(key: string): boolean {
  return /^builder-[0-9a-f]{16}$/.test(key);
}

export interface Builder extends Resource<BuilderSpec, Instance> {
  readonly name: string;
  /** As it is now. @throws RemedyError when it is gone */
  look(context: ResourceContext): Promise<Instance>;
  start(context: ResourceContext, vm: Instance): Promise<void>;
  /** Also one that is stopped already. */
  stop(context: ResourceContext, vm: Instance): Promise<void>;
}

/**
 * The VM on which an image is made; there is one while an image is being made. Found in any zone: another run may have
 * had another.
 *
 * @param metadata asked for only when it has to be made
 */
export function builder(compute: Compute, owner: Ownership, key: string, metadata: () => Metadata): Builder {
  const at = (vm: Instance) => ({ instance: vm.name ?? '', zone: shortName(vm.zone) });
  let known: string | undefined;
  const find = async (name: string, signal: AbortSignal): Promise<Instance> => {
    // The list of all zones may be late, or lack one that does not answer.
    if (known !== undefined) return compute.read('instances.get', { instance: name, zone: known }, signal);
    const scopes = await compute.read('instances.aggregatedList', { filter: `name eq "${name}"` }, signal);
    const [vm] = scopes.flatMap(([, { instances }]) => instances ?? []);
    if (vm !== undefined) {
      known = shortName(vm.zone);
      return vm;
    }
    const options = { code: 'gcp-gone', exit: ExitCode.unhealthy };
    throw new GcpError(`there is no VM ${name}`, 'notFound', options);
  };
  const object = namedObject<BuilderSpec, 'instances'>(compute, owner, 'instances', {
    key,
    dependsOn: [],
    get: find,
    async insert(context, spec, made, step) {
      const instanceResource = { ...made, ...bodyOf(spec, metadata(), owner, key) };
      await change(compute, context, 'instances.insert', { zone: spec.zone, instanceResource }, step);
      known = spec.zone;
    },
    async remove(context) {
      const vm = await lookUp(() => find(object.name, context.signal));
      if (vm !== undefined) await removeObject(compute, context, 'instances.delete', at(vm), { key });
    },
    identify: (vm) => ({ zone: shortName(vm.zone) }),
  });
  return {
    ...object,
    async look(context) {
      const vm = await object.find(context);
      if (vm === undefined) throw vanished(object.name);
      return vm;
    },
    async start(context, vm) {
      await change(compute, context, 'instances.start', at(vm), { key, action: 'create' });
    },
    async stop(context, vm) {
      const step = { key, action: 'create', deadlineSeconds: STOP_SECONDS } as const;
      if (vm.status !== 'TERMINATED') await change(compute, context, 'instances.stop', at(vm), step);
    },
  };
}

/** Where a VM is reached from outside; undefined while, or where, it has no public address. */
export function publicAddressOf({ networkInterfaces }: Instance): string | undefined {
  const configs = (networkInterfaces ?? []).flatMap(({ accessConfigs }) => accessConfigs ?? []);
  return configs.map(({ natIP }) => natIP).find((address) => address) ?? undefined;
}

/** A public address, since it is set up over SSH. */
function bodyOf({ zone, ...spec }: BuilderSpec, metadata: Metadata, owner: Ownership, key: string): Instance {
  const vm = { ...spec, image: publicImage(spec.type), externalAddress: true, ttlSeconds: LIFE_SECONDS };
  return {
    ...machineOf(vm, metadata, `zones/${zone}/diskTypes/`),
    labels: labelsOf(owner, key),
    machineType: `zones/${zone}/machineTypes/${spec.type}`,
  };
}
