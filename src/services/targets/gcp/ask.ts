import { operatorAddress } from '../../stack/cidr.ts';
import type { Site } from '../../stack/provider.ts';
import { askOnMachines } from '../../workloads/machine-engine.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import { type ComputeOptions, openCompute } from './compute.ts';
import type { GcpDoctorFlags, GcpFlags } from './flags.ts';
import { checkRequest, DEFAULT_ZONE, type GcpRequest, recordedRequest } from './request.ts';

type Here = Pick<Site, 'flags' | 'record' | 'operator'>;

/** The endpoint when it is not that of Google. */
function endpointOf({ flags, operator: { env } }: Here): string | undefined {
  const { 'gcp-endpoint-url': given } = flags as GcpDoctorFlags;
  return given ?? (env.CHAINCTL_GCP_ENDPOINT_URL || undefined);
}

/** The project: the flag, else where the stack is, else what Google's own tools read; undefined for the credentials' own. */
export function projectOf({ flags, record, operator: { env } }: Here): string | undefined {
  const { project } = flags as GcpDoctorFlags;
  const recorded = recordedRequest(record?.request)?.project;
  return project || recorded || env.GOOGLE_CLOUD_PROJECT || env.CLOUDSDK_CORE_PROJECT || undefined;
}

/** The zones, the first one first: of the flag, else where the stack is, else what the environment says, else the default. */
export function zonesOf({ flags, record, operator: { env } }: Here): readonly string[] {
  const { zones } = flags as GcpDoctorFlags;
  if (zones?.length) return [...new Set(zones)];
  return recordedRequest(record?.request)?.zones ?? [env.CLOUDSDK_COMPUTE_ZONE || DEFAULT_ZONE];
}

/** Compute Engine as flags, the stack's record and the environment mean it. */
export function computeOf(site: Here, options: Partial<Pick<ComputeOptions, 'zone' | 'attempts'>> = {}) {
  const { clock } = site.operator;
  const zone = zonesOf(site)[0] as string;
  return openCompute({ project: projectOf(site), zone, endpoint: endpointOf(site), clock, ...options });
}

/** The range from which the operator logs in. */
export function addressOf(site: Site): Promise<string> {
  const { 'operator-address': given } = site.flags as GcpDoctorFlags;
  const { operator, signal } = site;
  return operatorAddress({ given, endpoint: endpointOf(site), fetch: operator.fetch, signal });
}

export async function askGcp(flags: GcpFlags, site: Site, services: readonly ServiceDefinition[]): Promise<GcpRequest> {
  const { type, network, subnet, min, max, autoscale, bake, auth } = flags;
  return checkRequest({
    type,
    network,
    subnet,
    min,
    max,
    autoscale,
    bake,
    auth,
    project: projectOf(site) ?? (await computeOf(site)).project,
    zones: [...zonesOf(site)],
    regionWide: flags['region-wide'],
    diskGb: flags['disk-gb'],
    ratePerInstance: flags['rate-per-vm'],
    coolDownSeconds: Math.round(flags['cool-down']),
    requestSeconds: Math.ceil(flags['request-timeout']),
    readySeconds: flags['ready-timeout'],
    ttlSeconds: flags.ttl,
    operatorAddress: await addressOf(site),
    ...askOnMachines(services, flags),
  });
}
