import { remedy } from '../../../errors.ts';
import { noMachine } from '../../stack/no-machine.ts';
import { stackOption } from '../../stack/stack-option.ts';
import { publicAddressOf } from './boot/builder.ts';
import type { Compute } from './compute.ts';
import type { Instance } from './compute-calls.ts';
import { shortName } from './names.ts';

/** One VM of service B. */
export interface GroupVm {
  readonly name: string;
  readonly zone: string;
  /** `RUNNING`, `STAGING`, ... */
  readonly status: string;
  /** Where it is reached from outside; undefined for one without a public address. */
  readonly address?: string | undefined;
  /** ISO 8601. */
  readonly createdAt: string;
  /** It bakes an image, and serves nobody. */
  readonly builder: boolean;
}

/** The VMs of a stack's group, the newest first, and after them a builder, where there is one. */
export async function listVms(compute: Compute, stack: string, signal: AbortSignal): Promise<GroupVm[]> {
  const scopes = await compute.read('instances.aggregatedList', { filter: `labels.chainctl-stack = ${stack}` }, signal);
  return scopes
    .flatMap(([, { instances }]) => instances ?? [])
    .map(vmOf)
    .sort((one, other) => Number(one.builder) - Number(other.builder) || compareTimes(other, one));
}

function vmOf(instance: Instance): GroupVm {
  return {
    name: instance.name ?? '',
    zone: shortName(instance.zone),
    status: instance.status ?? 'UNKNOWN',
    address: publicAddressOf(instance),
    createdAt: instance.creationTimestamp ?? '',
    builder: (instance.labels?.['chainctl-key'] ?? '') !== '',
  };
}

function compareTimes(one: GroupVm, other: GroupVm): number {
  return (Date.parse(one.createdAt) || 0) - (Date.parse(other.createdAt) || 0) || one.name.localeCompare(other.name);
}

interface Group {
  readonly stack: string;
  /** Name of the service that its VMs run. */
  readonly service: string;
}

/**
 * The VM that is meant: by its name or the end of it, else the newest that runs. Pure.
 *
 * @throws RemedyError: no such VM, or none at all (exit 3)
 */
export function chooseVm(vms: readonly GroupVm[], wanted: string | undefined, { stack, service }: Group): GroupVm {
  if (wanted === undefined) {
    const found = vms.find(({ status }) => status === 'RUNNING') ?? vms[0];
    if (found !== undefined) return found;
    throw noMachine(stack, service, 'gcp');
  }
  const exact = vms.find(({ name }) => name === wanted);
  const ending = vms.filter(({ name }) => name.endsWith(`-${wanted}`));
  if (exact !== undefined) return exact;
  if (ending.length === 1) return ending[0] as GroupVm;
  const names = vms.map(({ name }) => name);
  throw remedy.configuration(
    'no-vm',
    `stack ${stack} has no VM called ${wanted}`,
    names.length > 0 ? [`it has ${names.join(', ')}`] : [`deploy it first: chainctl deploy gcp${stackOption(stack)}`],
  );
}
