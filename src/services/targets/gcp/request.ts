import { z } from 'zod';
import { type RemedyError, remedy } from '../../../errors.ts';
import { neededFirst, SERVICES } from '../../workloads/catalog.ts';
import { commonRequest, engineRequest, withServices } from '../../workloads/request.ts';
import { regionOf } from './names.ts';
import type { Location } from './paths.ts';

export const DEFAULT_ZONE = 'europe-west3-c';
/** Four vCPUs and 16 GB: phi3:mini needs 4 GB and all the CPU that it can get. Fits twice into a trial's 8 vCPUs. */
export const DEFAULT_TYPE = 'e2-standard-4';
/** Ubuntu, Docker, an engine and a model of 2.3 GB, with room for logs. */
export const DEFAULT_DISK_GB = 30;
/** Name of the secret that is the host key of all VMs of the group. */
export const HOST_KEY_B = 'host-key-b';

/** What the operator asks of `deploy gcp`; recorded in the state as it is. No secrets. */
const gcpRequestSchema = z.preprocess(
  withServices,
  z.object({
    /** Whose objects the record names, so that other credentials cannot mistake "not found" for "gone". */
    project: z.string().min(1),
    /** In the order in which they are tried. */
    zones: z.array(z.string().min(1)).min(1),
    /** Spread over all zones of the region instead. */
    regionWide: z.boolean().default(false),
    type: z.string().min(1),
    diskGb: z.number().int().min(10),
    network: z.string().min(1),
    subnet: z.string().optional(),
    min: z.number().int().min(1),
    max: z.number().int().min(1),
    /** What the size of the group follows: the CPU of its VMs, or how much of its rate the load balancer uses; a share. */
    autoscale: z.object({ signal: z.enum(['cpu', 'lb']), target: z.number().positive().max(1) }),
    /** Requests per second that one VM is meant to take; counts with `lb` only. */
    ratePerInstance: z.number().positive(),
    /** Seconds after its start in which a VM's figures do not count. */
    coolDownSeconds: z.number().int().min(0),
    /** Within which the service answers a request, seconds. */
    requestSeconds: z.number().int().positive(),
    ttlSeconds: z.number().positive().optional(),
    /** Seconds that one VM may take until it serves; undefined for what its boot source says. */
    readySeconds: z.number().positive().optional(),
    /** Range that may log in. */
    operatorAddress: z.string(),
    ...commonRequest,
    ...engineRequest,
    /** Whether VMs boot from an image of their own or get everything at boot. */
    bake: z.boolean().default(true),
    auth: z.enum(['token', 'none']),
  }),
);

export type GcpRequest = z.infer<typeof gcpRequestSchema>;

/** Where the group may be, in the order in which it is tried. */
export function locationsOf({ zones, regionWide }: Pick<GcpRequest, 'zones' | 'regionWide'>): readonly Location[] {
  return regionWide ? [{ region: regionOf(zones[0] ?? DEFAULT_ZONE) }] : zones.map((zone) => ({ zone }));
}

/** @throws RemedyError (exit 2) for what no single flag can see */
export function checkRequest(request: GcpRequest): GcpRequest {
  const { min, max, zones } = request;
  const regions = [...new Set(zones.map(regionOf))];
  if (max < min) throw usage(`--max ${max} is less than --min ${min}`, 'give a --max that is at least as large');
  const odd = zones.find((zone) => !/^[a-z]+-[a-z]+\d+-[a-z]$/.test(zone));
  if (odd !== undefined) throw usage(`--zones: "${odd}" is not a zone`, 'write for example europe-west3-c');
  checkNetwork(request);
  if (regions.length > 1) {
    const text = `--zones: ${regions.join(' and ')} are different regions`;
    throw usage(text, 'name zones of one region, or use another --stack for the other');
  }
  return request;
}

/** Firewall rules belong to the project of their network: one of another project cannot be opened from here. */
function checkNetwork({ project, network, subnet }: GcpRequest): void {
  const [, owner] = /(?:^|\/)projects\/([^/]+)\/global\/networks\/[^/]+$/.exec(network) ?? [];
  if (network.includes('/') && owner !== project) {
    throw usage(
      `--network ${network} is not a network of project ${project}; chainctl cannot make firewall rules in another one`,
      `name one of ${project} by its name, or deploy to the project of the network with --project`,
    );
  }
  if (subnet?.includes('/') && !/(^|\/)projects\/[^/]+\/regions\/[^/]+\/subnetworks\/[^/]+$/.test(subnet)) {
    const how = 'write its name, or projects/PROJECT/regions/REGION/subnetworks/NAME';
    throw usage(`--subnet ${subnet} is not a subnet`, how);
  }
}

function usage(message: string, nextStep: string): RemedyError {
  return remedy.usage('usage', message, [nextStep]);
}

/** What the state says was asked for; undefined where nothing was, or nothing that this program understands. */
export function recordedRequest(request: unknown): GcpRequest | undefined {
  return gcpRequestSchema.safeParse(request).data;
}

/** Name of the service that its VMs run, or would run: what needs no other one. */
export function serviceOn(request: unknown): string {
  const [asked] = Object.keys(recordedRequest(request)?.services ?? {});
  return asked ?? (neededFirst(SERVICES)[0]?.name as string);
}
