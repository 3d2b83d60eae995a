import { z } from 'zod';
import { operatorAddress, parseCidr } from '../../stack/cidr.ts';
import type { Site } from '../../stack/provider.ts';
import { entryOf } from '../../workloads/catalog.ts';
import { askOnMachines } from '../../workloads/machine-engine.ts';
import { commonRequest, engineRequest, withServices } from '../../workloads/request.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import { parseImage, UBUNTU_24_04 } from './ami.ts';
import { type AwsFlags, type AwsPlaceFlags, DEFAULT_REGION, SSH_USER } from './flags.ts';

/** What the operator asks of `deploy aws`; recorded in the state as it is. No secrets. */
const awsRequestSchema = z.preprocess(
  withServices,
  z.object({
    region: z.string().min(1),
    profile: z.string().optional(),
    /** Whose objects the record names, so that other credentials cannot mistake "not found" for "gone". */
    account: z.string().optional(),
    type: z.string().min(1),
    /** As `parseImage` reads it. */
    image: z.string().min(1),
    diskGb: z.number().int().min(8),
    subnetId: z.string().optional(),
    /** Range that may log in. */
    operatorAddress: z.string(),
    /** Ranges that may use the service; empty for the operator's alone. */
    allow: z.array(z.string()),
    /** The service open to everybody. */
    public: z.boolean().default(false),
    elasticIp: z.boolean().default(false),
    ttlSeconds: z.number().positive().optional(),
    ...commonRequest,
    /** Who may log in to the image's system. */
    sshUser: z.string().default(SSH_USER),
    ...engineRequest,
    auth: z.enum(['token', 'none']),
  }),
);

export type AwsRequest = z.infer<typeof awsRequestSchema>;

/** What the state says was asked for; undefined where nothing was, or nothing that this program understands. */
export function recordedRequest(request: unknown): AwsRequest | undefined {
  return awsRequestSchema.safeParse(request).data;
}

/** Name of the service that its VM runs, or would run. */
export function serviceOn(request: unknown): string {
  return Object.keys(recordedRequest(request)?.services ?? {})[0] ?? entryOf().name;
}

/** Where EC2 is: the flag, else where the stack is, else what the environment says, else the default. */
export function whereOf({ flags, record, operator: { env } }: Pick<Site, 'flags' | 'record' | 'operator'>) {
  const { region, profile, 'endpoint-url': endpoint } = flags as AwsPlaceFlags;
  const recorded = recordedRequest(record?.request);
  return {
    region: region || recorded?.region || env.AWS_REGION || env.AWS_DEFAULT_REGION || DEFAULT_REGION,
    profile: profile ?? recorded?.profile,
    endpoint,
  };
}

/** The range from which the operator logs in. */
export function addressOf({ flags, operator, signal }: Site): Promise<string> {
  const { 'endpoint-url': given, 'operator-address': address } = flags as AwsFlags;
  const { AWS_ENDPOINT_URL_EC2: ec2, AWS_ENDPOINT_URL: all } = operator.env;
  const endpoint = given ?? (ec2 || all || undefined);
  return operatorAddress({ given: address, endpoint, fetch: operator.fetch, signal });
}

/** What the flags ask for. The addresses of other services come later. */
export async function askAws(site: Site, services: readonly ServiceDefinition[]): Promise<AwsRequest> {
  const flags = site.flags as AwsFlags;
  const { type, public: open, auth, ami: image = UBUNTU_24_04 } = flags;
  parseImage(image);
  const { region, profile } = whereOf(site);
  return {
    region,
    profile,
    type,
    image,
    auth,
    public: open,
    diskGb: flags['disk-gb'],
    subnetId: flags.subnet,
    allow: (flags.allow ?? []).map((text) => parseCidr(text, '--allow')),
    operatorAddress: await addressOf(site),
    elasticIp: flags['elastic-ip'],
    ttlSeconds: flags.ttl,
    ...askOnMachines(services, flags),
    sshUser: flags['ssh-user'],
  };
}
