import { ExitCode } from '../../../../errors.ts';
import type { Ownership, Resource, ResourceContext } from '../../../stack/resource.ts';
import type { Compute } from '../compute.ts';
import type { Instance } from '../compute-calls.ts';
import { GcpError } from '../errors.ts';
import { labelsOf, shortName } from '../names.ts';
import { namedObject, vanished } from '../object.ts';
import { change, removeObject } from '../operations.ts';
import { diskTypeOf } from '../template.ts';
import { publicImage } from './content.ts';
import type { Metadata } from './metadata.ts';

const BUILDER = 'builder-';

/**
 * Nobody bakes for longer: a builder that was forgotten while it runs deletes itself, whatever became of the machine that
 * made it. One that is stopped stays, as its disk does: the limit begins again at each start.
 */
const LIFE_SECONDS = 4 * 3600;
const STOP_SECONDS = 300;

export interface BuilderSpec {
  readonly zone: string;
  readonly type: string;
  readonly diskGb: number;
  /** Path of the network. */
  readonly network: string;
  readonly subnet?: string | undefined;
  /** Network tag, which the firewall rule for the operator's SSH names. */
  readonly tag: string;
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
  const object = namedObject<BuilderSpec, Instance>(owner, {
    key,
    dependsOn: [],
    get: find,
    async insert(context, spec, made, step) {
      const instanceResource = { ...made, ...bodyOf(spec, metadata(), owner, key) };
      await change(compute, context, 'instances.insert', { zone: spec.zone, instanceResource }, step);
      known = spec.zone;
    },
    differences: () => [],
    async remove(context, name) {
      const vm = await find(name, context.signal).catch((error: unknown) => {
        if (error instanceof GcpError && error.reason === 'notFound') return undefined;
        throw error;
      });
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

/** No service account: a program on it can call nothing of the project. A public address, since it is set up over SSH. */
function bodyOf(spec: BuilderSpec, metadata: Metadata, owner: Ownership, key: string): Instance {
  return {
    machineType: `zones/${spec.zone}/machineTypes/${spec.type}`,
    tags: { items: [spec.tag] },
    labels: labelsOf(owner, key),
    disks: [
      {
        boot: true,
        autoDelete: true,
        initializeParams: {
          sourceImage: publicImage(spec.type),
          diskSizeGb: String(spec.diskGb),
          diskType: `zones/${spec.zone}/diskTypes/${diskTypeOf(spec.type)}`,
        },
      },
    ],
    networkInterfaces: [
      {
        network: spec.network,
        ...(spec.subnet === undefined ? {} : { subnetwork: spec.subnet }),
        accessConfigs: [{ name: 'External NAT', type: 'ONE_TO_ONE_NAT' }],
      },
    ],
    metadata: { items: Object.entries(metadata).map(([name, value]) => ({ key: name, value })) },
    scheduling: {
      provisioningModel: 'STANDARD',
      automaticRestart: true,
      onHostMaintenance: 'MIGRATE',
      maxRunDuration: { seconds: LIFE_SECONDS },
      instanceTerminationAction: 'DELETE',
    },
    shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
    serviceAccounts: [],
  };
}
