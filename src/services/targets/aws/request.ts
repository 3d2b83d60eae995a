import { z } from 'zod';
import { entryOf } from '../../workloads/catalog.ts';
import { commonRequest, withServices } from '../../workloads/request.ts';

export const DEFAULT_REGION = 'eu-north-1';
/** Name of the stack's secret that is the VM's own key. */
export const HOST_KEY = 'host-key-a';
/** Who may log in to Ubuntu's own images. */
export const SSH_USER = 'ubuntu';
/** Ubuntu, Docker, an engine and a small model, with room for logs. */
export const DEFAULT_DISK_GB = 20;

/**
 * Four vCPUs of its own, 8 GB: tinyllama needs 1 GB and all the CPU it can get. Not a burstable t3: under load its CPU
 * is throttled or billed on top, and either spoils a measurement. Fits the 5 vCPUs that a new account starts with.
 */
export const DEFAULT_TYPE = 'c6i.xlarge';

/** What the operator asks of `deploy aws`; recorded in the state as it is. No secrets. */
const awsRequestSchema = z.preprocess(
  withServices,
  z.object({
    region: z.string().min(1),
    profile: z.string().optional(),
    /** Whose objects the record names, so that other credentials cannot mistake "not found" for "gone". */
    account: z.string().optional(),
    type: z.string().min(1),
    /** As `imageText` writes it. */
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
    /** Another image of the engine than the compose file's own. */
    ollamaImage: z.string().optional(),
    auth: z.enum(['token', 'none']),
  }),
);

export type AwsRequest = z.infer<typeof awsRequestSchema>;

interface RegionSources {
  readonly flag?: string | undefined;
  /** Where the stack already is. */
  readonly recorded?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The flag, else where the stack is, else what the environment says, else the default. */
export function chooseRegion({ flag, recorded, env }: RegionSources): string {
  return flag || recorded || env.AWS_REGION || env.AWS_DEFAULT_REGION || DEFAULT_REGION;
}

/** What the state says was asked for; undefined where nothing was, or nothing that this program understands. */
export function recordedRequest(request: unknown): AwsRequest | undefined {
  return awsRequestSchema.safeParse(request).data;
}

/** Name of the service that its VM runs, or would run. */
export function serviceOn(request: unknown): string {
  return Object.keys(recordedRequest(request)?.services ?? {})[0] ?? entryOf().name;
}
