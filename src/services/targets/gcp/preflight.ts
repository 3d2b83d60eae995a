import { reasonOf, remedy } from '../../../errors.ts';
import type { Compute } from './compute.ts';
import type { RouterNat } from './compute-calls.ts';
import { networkPath, subnetPath } from './desired.ts';
import { isGcp } from './errors.ts';
import { regionOf } from './names.ts';
import { lookUp } from './operations.ts';
import { locationName, samePath } from './paths.ts';
import { fits, type GroupSize, quotaChecks, quotaText } from './quota.ts';
import { type GcpRequest, locationsOf } from './request.ts';

/** @throws RemedyError (exit 3) when the zone does not offer the type, or there is no such zone */
export async function findMachineType(compute: Compute, zone: string, machineType: string, signal: AbortSignal) {
  const found = await lookUp(() => compute.read('machineTypes.get', { zone, machineType }, signal));
  if (found === undefined) {
    throw remedy.configuration(
      'gcp-no-type',
      `zone ${zone} of project ${compute.project} has no machine type ${machineType}`,
      [
        `see what it has: gcloud compute machine-types list --zones ${zone}`,
        'then choose with --type, or another zone with --zones',
      ],
    );
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
    throw remedy.configuration(
      'gcp-no-region',
      `Google Cloud has no region ${region} for project ${compute.project}: ${reasonOf(error)}`,
      ['list the zones: gcloud compute zones list', 'then choose with --zones'],
    );
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
  const [location] = locationsOf(request);
  const region = regionOf(location === undefined ? compute.zone : locationName(location));
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
