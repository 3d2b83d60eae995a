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
  let compute: Compute | undefined;
  const credentials = await examine('gcp credentials', signal, async () => {
    compute = await open();
    return finding('gcp credentials', 'ok', `found, for project ${compute.project}`);
  });
  const skipped = (names: readonly string[], why: string) => names.map((name) => finding(name, 'skipped', why));
  if (compute === undefined) return [credentials, ...skipped(['gcp project', ...REST], 'needs credentials')];
  const found = compute;
  const project = await examine('gcp project', signal, async () => {
    const { name } = await found.read('projects.get', {}, signal);
    return finding('gcp project', 'ok', `${name}, with the Compute Engine API enabled`);
  });
  if (project.status === 'failed') return [credentials, project, ...skipped(REST, 'needs the project')];
  const [zone = found.zone] = request.zones;
  const others = await Promise.all([
    examine('gcp zone', signal, () => zonesCheck(found, request.zones, signal)),
    examine('gcp type', signal, async () => {
      const { name, vcpus, memoryGb } = await findMachineType(found, zone, request.type, signal);
      const { perHour } = costOf({ ...request, externalAddress: true });
      const price =
        perHour === undefined ? 'price not known' : `${perHour.min.toFixed(2)} to ${perHour.max.toFixed(2)}`;
      return finding('gcp type', 'ok', `${name}: ${vcpus} vCPUs, ${memoryGb} GB; about ${price} USD per hour in all`);
    }),
    examine('gcp quota', signal, () => quotaCheck(found, zone, request, signal)),
    examine('gcp network', signal, async () => {
      const nat = await hasNat(found, { ...request, project: found.project }, found.region, signal);
      const how = nat ? 'through a Cloud NAT, without addresses of their own' : 'each with an address of its own';
      return finding('gcp network', 'ok', `${request.network}: VMs reach the internet ${how}`);
    }),
    examine('your address', signal, async () => finding('your address', 'ok', await findAddress())),
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
  const ask = 'choose a smaller --max or type, or ask for more: IAM & Admin, Quotas, in the Google Cloud console';
  const [tightest] = checks;
  if (tightest === undefined) return finding(name, 'warning', `${compute.region} does not report its quotas`);
  const none = checks.find((check) => !fits(check, 'min'));
  if (none !== undefined) return finding(name, 'failed', quotaText(none), ask);
  if (!fits(tightest, 'max')) return finding(name, 'warning', quotaText(tightest), ask);
  return finding(name, 'ok', quotaText(tightest));
}
