import { Flags, type Interfaces } from '@oclif/core';
import { cloudServiceFlags, operatorAddressFlag, ttlFlag } from '../../../config/cloud-flags.ts';
import { durationFlag, integerFlag, numberFlag, urlFlag } from '../../../config/flags.ts';
import { remedy } from '../../../errors.ts';
import { modelFlags, settingFlags } from '../../workloads/ask.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import { DEFAULT_DISK_GB, DEFAULT_TYPE, DEFAULT_ZONE, type GcpRequest } from './request.ts';

const HOUR = 3600;

/** Its VMs are made alike, whatever address another service may get. */
export const canRun = ({ needs }: Pick<ServiceDefinition, 'needs'>): boolean => needs.length === 0;

/** Where Compute Engine is: the same flags for every command that talks to it. */
export const gcpPlaceFlags = {
  project: Flags.string({
    description:
      'Google Cloud project [default: where the stack is, else GOOGLE_CLOUD_PROJECT, else that of the credentials]',
    helpValue: 'PROJECT',
    env: 'CHAINCTL_GCP_PROJECT',
  }),
  'gcp-endpoint-url': urlFlag({
    description: "Compute Engine endpoint, instead of Google's: for a lab",
    env: 'CHAINCTL_GCP_ENDPOINT_URL',
    aliases: ['endpoint-url'],
    deprecateAliases: true,
  }),
};

/** What the autoscaler follows: `cpu=0.6` or `lb=0.8`. */
const autoscaleFlag = Flags.custom<GcpRequest['autoscale']>({
  helpValue: 'cpu=0.6|lb=0.8',
  parse: async (text) => {
    const [, signal, share] = /^(cpu|lb)=(0?\.\d+|1(?:\.0+)?)$/.exec(text.trim()) ?? [];
    const target = Number(share);
    if ((signal === 'cpu' || signal === 'lb') && target > 0) return { signal, target };
    throw remedy.usage('usage', `--autoscale: "${text}" is neither cpu=SHARE nor lb=SHARE`, [
      'write cpu=0.6 (CPU of the VMs) or lb=0.8 (share of --rate-per-vm), with a share of at most 1',
    ]);
  },
});

/** Where the group is to be and of what: what `doctor` examines, too. */
export const gcpDoctorFlags = {
  zones: Flags.string({
    description: `zones of one region, comma-separated, tried in this order when one has no capacity [default: where the stack is, else ${DEFAULT_ZONE}]`,
    helpValue: 'ZONE',
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
    env: 'CHAINCTL_ZONES',
  }),
  type: Flags.string({
    description: 'machine type of the VMs',
    default: DEFAULT_TYPE,
    helpValue: 'TYPE',
    env: 'CHAINCTL_GCP_TYPE',
  }),
  max: integerFlag({ description: 'largest size of the group, VMs', default: 3, min: 1, max: 100 }),
  'operator-address': operatorAddressFlag,
};

/** What is asked of a service's group. */
export const gcpDeployFlags = {
  ...gcpDoctorFlags,
  'region-wide': Flags.boolean({
    description: 'spread the group evenly over three zones of the region; all of them need capacity',
    default: false,
  }),
  network: Flags.string({ description: 'network of the VMs', default: 'default', env: 'CHAINCTL_GCP_NETWORK' }),
  subnet: Flags.string({
    description: "subnet of the VMs [default: the network's own in the region]",
    env: 'CHAINCTL_GCP_SUBNET',
  }),
  'disk-gb': integerFlag({
    description: "size of each VM's disk, GB",
    default: DEFAULT_DISK_GB,
    min: 10,
    max: 1000,
    env: 'CHAINCTL_GCP_DISK_GB',
  }),
  min: integerFlag({ description: 'smallest size of the group, VMs', default: 1, min: 1, max: 100 }),
  autoscale: autoscaleFlag({
    description: 'signal of the autoscaler and its target: CPU use of the VMs, or used share of --rate-per-vm',
    default: { signal: 'cpu', target: 0.6 },
    defaultHelp: async () => 'cpu=0.6',
  }),
  'rate-per-vm': numberFlag({ description: 'capacity of one VM, requests per second', default: 1, min: 0.01 }),
  'cool-down': durationFlag({ description: "time for which a new VM's CPU use is ignored", default: 60, max: HOUR }),
  'request-timeout': durationFlag({
    description: 'longest time of an answer, at the load balancer',
    default: 180,
    min: 1,
    max: HOUR,
    env: 'CHAINCTL_REQUEST_TIMEOUT',
  }),
  'ready-timeout': durationFlag({
    description:
      'deadline for a VM, and then for the public address, to serve [default: depends on what it boots from]',
  }),
  ttl: ttlFlag('delete each VM after this time; the group replaces it, so this does not limit cost'),
  ...modelFlags(SERVICES.filter(canRun)),
  ...settingFlags(SERVICES.filter(canRun)),
  ...cloudServiceFlags,
  bake: Flags.boolean({
    description: 'boot VMs from a prepared image, made first; otherwise each VM downloads everything',
    default: true,
    allowNo: true,
  }),
};

type Given<F extends Interfaces.FlagInput> = Partial<Interfaces.InferredFlags<F>>;

/** Of a command over several places, too: then only some are there. */
type GcpPlaceFlags = Given<typeof gcpPlaceFlags>;
export type GcpDoctorFlags = GcpPlaceFlags & Given<typeof gcpDoctorFlags>;
export type GcpFlags = GcpPlaceFlags & Interfaces.InferredFlags<typeof gcpDeployFlags>;
