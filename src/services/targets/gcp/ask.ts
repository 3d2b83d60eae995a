import { operatorAddress } from '../../stack/cidr.ts';
import type { Site } from '../../stack/provider.ts';
import { askServices } from '../../workloads/ask.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import { type Compute, openCompute } from './compute.ts';
import type { GcpDoctorFlags, GcpFlags } from './flags.ts';
import { checkRequest, chooseProject, chooseZones, type GcpRequest, recordedRequest } from './request.ts';

type Here = Pick<Site, 'flags' | 'record' | 'operator'>;

/** The endpoint when it is not that of Google. */
export function endpointOf({ flags, operator: { env } }: Here): string | undefined {
  const { 'gcp-endpoint-url': given } = flags as GcpDoctorFlags;
  return given ?? (env.CHAINCTL_GCP_ENDPOINT_URL || undefined);
}

/** The project as flags, the stack's record and the environment mean it; undefined for that of the credentials. */
function projectOf({ flags, record, operator: { env } }: Here): string | undefined {
  const { project } = flags as GcpDoctorFlags;
  return chooseProject({ flag: project, recorded: recordedRequest(record?.request)?.project, env });
}

/** The zones that are meant, the first one first; at least one. */
export function zonesOf({ flags, record, operator: { env } }: Here): readonly string[] {
  const { zones } = flags as GcpDoctorFlags;
  return chooseZones({ flag: zones, recorded: recordedRequest(record?.request)?.zones, env });
}

/** Compute Engine as flags, the stack's record and the environment mean it. */
export function computeOf(site: Here): Promise<Compute> {
  const { clock } = site.operator;
  return openCompute({
    project: projectOf(site),
    zone: zonesOf(site)[0] as string,
    endpoint: endpointOf(site),
    clock,
  });
}

/** The range from which the operator logs in. */
export function addressOf(site: Site): Promise<string> {
  const { 'operator-address': given } = site.flags as GcpDoctorFlags;
  const { operator, signal } = site;
  return operatorAddress({ given, endpoint: endpointOf(site), fetch: operator.fetch, signal });
}

/** What the flags ask for. */
export async function askGcp(flags: GcpFlags, site: Site, services: readonly ServiceDefinition[]): Promise<GcpRequest> {
  return checkRequest({
    project: projectOf(site) ?? (await computeOf(site)).project,
    zones: [...zonesOf(site)],
    regionWide: flags['region-wide'],
    type: flags.type,
    diskGb: flags['disk-gb'],
    network: flags.network,
    subnet: flags.subnet,
    min: flags.min,
    max: flags.max,
    autoscale: flags.autoscale,
    ratePerInstance: flags['rate-per-vm'],
    coolDownSeconds: Math.round(flags['cool-down']),
    requestSeconds: Math.ceil(flags['request-timeout']),
    readySeconds: flags['ready-timeout'],
    ttlSeconds: flags.ttl,
    operatorAddress: await addressOf(site),
    services: askServices(services, flags),
    ollamaImage: flags['ollama-image'],
    bake: flags.bake,
    auth: flags.auth,
  });
}
