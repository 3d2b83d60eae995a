import { reasonOf, remedy } from '../../../errors.ts';
import type { Compute } from './compute.ts';
import type { Region, RouterNat } from './compute-calls.ts';
import { networkPath, subnetPath } from './desired.ts';
import { isGcp } from './errors.ts';
import { regionOf } from './names.ts';
import { lookUp } from './operations.ts';
import { samePath } from './paths.ts';
import type { GcpRequest } from './request.ts';
import { diskTypeOf } from './template.ts';

/** @throws RemedyError (exit 3) when the zone does not offer the type, or there is no such zone */
export async function findMachineType(compute: Compute, zone: string, machineType: string, signal: AbortSignal) {
  const found = await lookUp(() => compute.read('machineTypes.get', { zone, machineType }, signal));
  if (found === undefined) {
    const text = `zone ${zone} of project ${compute.project} has no machine type ${machineType}`;
    throw remedy.configuration('gcp-no-type', text, [
      `see what it has: gcloud compute machine-types list --zones ${zone}`,
      'then choose with --type, or another zone with --zones',
    ]);
  }
  return { name: machineType, vcpus: found.guestCpus ?? 0, memoryGb: Math.round((found.memoryMb ?? 0) / 1024) };
}

/** Whether VMs of this network reach the internet in this region without an address of their own. */
export async function hasNat(
  compute: Compute,
  request: Pick<GcpRequest, 'project' | 'network' | 'zones' | 'subnet'>,
  region: string,
  signal: AbortSignal,
): Promise<boolean> {
  const routers = await compute.read('routers.list', { region }, signal).catch((error: unknown) => {
    if (!isGcp(error, 'invalid', 'notFound')) throw error;
    const text = `Google Cloud has no region ${region} for project ${compute.project}: ${reasonOf(error)}`;
    const nextSteps = ['list the zones: gcloud compute zones list', 'then choose with --zones'];
    throw remedy.configuration('gcp-no-region', text, nextSteps);
  });
  return routers.some(
    ({ network, nats }) => samePath(network, networkPath(request)) && (nats ?? []).some((nat) => serves(nat, request)),
  );
}

/** A NAT may lead into other networks only, or be for other subnets than the VMs'. */
function serves(
  { type, sourceSubnetworkIpRangesToNat: ranges, subnetworks }: RouterNat,
  request: Parameters<typeof subnetPath>[0],
): boolean {
  if (type === 'PRIVATE') return false;
  if (ranges !== 'LIST_OF_SUBNETWORKS') return true;
  const wanted = subnetPath(request);
  return wanted !== undefined && (subnetworks ?? []).some(({ name }) => samePath(name, wanted));
}

/** What is left of one quota, and what is asked of it. */
export interface QuotaCheck {
  readonly metric: string;
  readonly limit: number;
  readonly usage: number;
  /** Of the group at its smallest and at its largest, without what runs already. */
  readonly needed: { readonly min: number; readonly max: number };
}

/** What of a group decides which quotas it needs; `diskGb` is of one VM. */
export interface GroupSize extends Pick<GcpRequest, 'type' | 'min' | 'max' | 'diskGb'> {
  readonly vcpus: number;
  readonly externalAddress: boolean;
  /** VMs of the group that run already and count in the usage. */
  readonly running: number;
  /** VMs that are made beside them for a while: a builder, or those by which a rollout is ahead. None when left out. */
  readonly beside?: number;
  /** What is made beside them is a builder, which has an address in any case. */
  readonly bakes?: boolean;
}

/** Families that count in `CPUS`; E2 does, although regions also list an `E2_CPUS`, of which nothing is ever used. */
const SHARED = ['custom', 'e2', 'f1', 'g1', 'n1'];

/**
 * The older families share a quota, others have one of their own (cloud.google.com/compute/resource-usage). Of the newest
 * it is one for each family that regions do not tell: none is found by its name then.
 */
function cpuMetric(type: string): string {
  const family = type.split('-')[0] ?? '';
  return SHARED.includes(family) ? 'CPUS' : `${family.toUpperCase()}_CPUS`;
}

/** What quotas mean for a group, tightest first. A quota that is not told is left out. Pure. */
export function quotaChecks({ quotas }: Pick<Region, 'quotas'>, size: GroupSize): QuotaCheck[] {
  const { type, vcpus, running, beside = 0 } = size;
  const vms = { min: Math.max(beside, size.min - running), max: Math.max(beside, size.max - running) };
  const builder = size.bakes ? { min: 1, max: 1 } : { min: 0, max: 0 };
  const wanted: readonly (readonly [metric: string, each: number, of: typeof vms])[] = [
    [cpuMetric(type), vcpus, vms],
    ['CPUS_ALL_REGIONS', vcpus, vms],
    ['INSTANCES', 1, vms],
    ['IN_USE_ADDRESSES', 1, size.externalAddress ? vms : builder],
    // Balanced disks count as SSDs.
    ['SSD_TOTAL_GB', diskTypeOf(type) === 'pd-balanced' ? size.diskGb : 0, vms],
  ];
  const checks = wanted.flatMap(([metric, each, of]): QuotaCheck[] => {
    const quota = quotas?.find((known) => String(known.metric) === metric);
    const needed = { min: of.min * each, max: of.max * each };
    if (quota === undefined || needed.max === 0) return [];
    return [{ metric, limit: quota.limit ?? 0, usage: quota.usage ?? 0, needed }];
  });
  const room = ({ limit, usage, needed }: QuotaCheck) => limit - usage - needed.max;
  return checks.sort((one, other) => room(one) - room(other));
}

/** One check as a sentence. */
export function quotaText({ metric, limit, usage, needed }: QuotaCheck): string {
  const range = needed.min === needed.max ? `${needed.max}` : `${needed.min} to ${needed.max}`;
  return `${metric}: ${usage} of ${limit} in use, ${range} more needed`;
}

export function fits({ limit, usage, needed }: QuotaCheck, size: 'min' | 'max'): boolean {
  return usage + needed[size] <= limit;
}

/** The quotas of a region, and those of the project for all regions together. */
export async function quotasOf(compute: Compute, region: string, signal: AbortSignal) {
  const looks = [compute.read('regions.get', { region }, signal), compute.read('projects.get', {}, signal)];
  return { quotas: (await Promise.all(looks)).flatMap(({ quotas }) => quotas ?? []) };
}

/**
 * Whether the region's quotas have room for the group, as far as the API tells them.
 *
 * @param group see `quotaChecks`
 * @returns what the largest group would exceed, for a warning
 * @throws RemedyError (exit 4) when even the smallest group does not fit, or a VM that is made beside it for a while
 */
export async function checkQuotas(
  compute: Compute,
  request: GcpRequest,
  group: Omit<GroupSize, keyof GcpRequest>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const region = regionOf(request.zones[0] ?? compute.zone);
  const checks = quotaChecks(await quotasOf(compute, region, signal), { ...request, ...group });
  const none = checks.find((check) => !fits(check, 'min'));
  if (none !== undefined) {
    const { running, beside = 0 } = group;
    const wanted =
      request.min - running >= beside
        ? `${request.min} x ${request.type}`
        : `${beside} x ${request.type} in addition to the ${running} running: the rollout needs ${beside === 1 ? 'it' : 'them'} temporarily`;
    throw remedy.capacity('gcp-quota', `the quotas of ${region} have no room for ${wanted}: ${quotaText(none)}`, [
      'choose a smaller --type or a smaller --min, or --zones in another region',
      'or ask for more: IAM & Admin, Quotas, in the Google Cloud console',
    ]);
  }
  return checks.filter((check) => !fits(check, 'max')).map(quotaText);
}
