import { type DoctorCheck, examine, finding } from '../../doctor/check.ts';
import type { Compute } from './compute.ts';
import { findMachineType, hasNat, quotasOf } from './preflight.ts';
import { costOf } from './prices.ts';
import { fits, quotaChecks, quotaText } from './quota.ts';
import type { GcpRequest } from './request.ts';

type DoctorRequest = Pick<GcpRequest, 'zones' | 'type' | 'min' | 'max' | 'diskGb' | 'network'>;

const REST = ['gcp zone', 'gcp type', 'gcp quota', 'gcp network'] as const;

/**
 * What `deploy gcp` needs of the project and the region, without making anything.
 *
 * @param open finds the credentials and the project
 * @param findAddress the range from which the operator logs in
 */
export async function doctorGcp(
  open: () => Promise<Compute>,
  request: DoctorRequest,
  findAddress: () => Promise<string>,
  signal: AbortSignal,
): Promise<DoctorCheck[]> {
  const check = (name: string, work: () => Promise<string>) =>
    examine(name, signal, async () => finding(name, 'ok', await work()));
  const skipped = (names: readonly string[], why: string) => names.map((name) => finding(name, 'skipped', why));
  let opened: Compute | undefined;
  const credentials = await check('gcp credentials', async () => {
    opened = await open();
    return `found, for project ${opened.project}`;
  });
  if (opened === undefined) return [credentials, ...skipped(['gcp project', ...REST], 'needs credentials')];
  const compute = opened;
  const project = await check('gcp project', async () => {
    const { name } = await compute.read('projects.get', {}, signal);
    return `${name}, with the Compute Engine API enabled`;
  });
  if (project.status === 'failed') return [credentials, project, ...skipped(REST, 'needs the project')];
  const [zone = compute.zone] = request.zones;
  const others = await Promise.all([
    examine('gcp zone', signal, () => zonesCheck(compute, request.zones, signal)),
    check('gcp type', async () => {
      const { name, vcpus, memoryGb } = await findMachineType(compute, zone, request.type, signal);
      const { perHour } = costOf(request, true);
      const price =
        perHour === undefined ? 'price not known' : `${perHour.min.toFixed(2)} to ${perHour.max.toFixed(2)}`;
      return `${name}: ${vcpus} vCPUs, ${memoryGb} GB; about ${price} USD per hour in all`;
    }),
    examine('gcp quota', signal, () => quotaCheck(compute, zone, request, signal)),
    check('gcp network', async () => {
      const nat = await hasNat(compute, { ...request, project: compute.project }, compute.region, signal);
      const how = nat ? 'through a Cloud NAT, without addresses of their own' : 'each with an address of its own';
      return `${request.network}: VMs reach the internet ${how}`;
    }),
    check('your address', findAddress),
  ]);
  return [credentials, project, ...others];
}

async function zonesCheck(compute: Compute, zones: readonly string[], signal: AbortSignal): Promise<DoctorCheck> {
  const name = 'gcp zone';
  const all = await Promise.all(zones.map((zone) => compute.read('zones.get', { zone }, signal)));
  const down = all.find(({ status }) => status !== 'UP');
  if (down !== undefined)
    return finding(name, 'failed', `${down.name} is ${down.status}`, 'choose another with --zones');
  return finding(name, 'ok', zones.join(', '));
}

/** Which quotas the smallest and the largest group need. Whether a zone has machines left shows only when one is made. */
async function quotaCheck(
  compute: Compute,
  zone: string,
  request: DoctorRequest,
  signal: AbortSignal,
): Promise<DoctorCheck> {
  const name = 'gcp quota';
  const [{ vcpus }, region] = await Promise.all([
    findMachineType(compute, zone, request.type, signal),
    quotasOf(compute, compute.region, signal),
  ]);
  const checks = quotaChecks(region, { ...request, vcpus, externalAddress: true, running: 0 });
  const [tightest] = checks;
  if (tightest === undefined) return finding(name, 'warning', `${compute.region} does not report its quotas`);
  if (fits(tightest, 'max')) return finding(name, 'ok', quotaText(tightest));
  const ask = 'choose a smaller --max or type, or ask for more: IAM & Admin, Quotas, in the Google Cloud console';
  const none = checks.find((check) => !fits(check, 'min'));
  return finding(name, none === undefined ? 'warning' : 'failed', quotaText(none ?? tightest), ask);
}
