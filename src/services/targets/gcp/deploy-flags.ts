import { Flags } from '@oclif/core';
import { durationFlag, integerFlag, modelFlag, numberFlag } from '../../../config/flags.ts';
import { tuningFlags } from '../../../config/tuning-flags.ts';
import { autoscaleFlag, machineTypeFlag, zonesFlag } from './flags.ts';
import { DEFAULT_DISK_GB } from './request.ts';

const HOUR = 3600;

/** What is asked of B's side: the same for `deploy gcp` and `deploy all`. */
export const gcpDeployFlags = {
  zones: zonesFlag,
  type: machineTypeFlag,
  'region-wide': Flags.boolean({
    description: 'spread the group evenly over zones of the region, all of which must have machines left',
    default: false,
  }),
  network: Flags.string({ description: 'network of the VMs', default: 'default', env: 'CHAINCTL_GCP_NETWORK' }),
  subnet: Flags.string({
    description: "subnet of the VMs [default: the network's own in the region]",
    env: 'CHAINCTL_GCP_SUBNET',
  }),
  'disk-gb': integerFlag({ description: "size of each VM's disk", default: DEFAULT_DISK_GB, min: 10, max: 1000 }),
  min: integerFlag({ description: 'smallest size of the group', default: 1, min: 1, max: 100 }),
  max: integerFlag({ description: 'largest size of the group', default: 3, min: 1, max: 100 }),
  autoscale: autoscaleFlag({
    description: 'what the size follows: CPU of the VMs, or use of --rate-per-vm',
    default: { signal: 'cpu', target: 0.6 },
    defaultHelp: async () => 'cpu=0.6',
  }),
  'rate-per-vm': numberFlag({ description: 'requests per second that a VM is meant to take', default: 1, min: 0.01 }),
  'cool-down': durationFlag({ description: "time in which a new VM's CPU does not count", default: 60, max: HOUR }),
  'request-timeout': durationFlag({
    description: 'within which B must have answered',
    default: 180,
    min: 1,
    max: HOUR,
    env: 'CHAINCTL_REQUEST_TIMEOUT',
  }),
  'ready-timeout': durationFlag({ description: 'within which a VM must serve [default: by what it boots from]' }),
  ttl: durationFlag({
    description: 'each VM ends itself after this time, and the group asks for another one: no bound on the cost',
    helpValue: '4h',
    min: 600,
    max: 30 * 24 * HOUR,
    env: 'CHAINCTL_TTL',
  }),
  'operator-address': Flags.string({
    description: 'your public address, for SSH [default: what checkip.amazonaws.com sees]',
    helpValue: 'CIDR',
    env: 'CHAINCTL_OPERATOR_ADDRESS',
  }),
  'model-b': modelFlag({ description: "B's model", default: 'phi3:mini', env: 'CHAINCTL_MODEL_B' }),
  'min-process-seconds': durationFlag({
    description: "least time of an answer of B [default: the service's own, 5s]",
  }),
  ...tuningFlags,
  'ollama-image': Flags.string({
    description: "the engine's image, instead of the version that chainctl was tested with",
    helpValue: 'IMAGE',
    env: 'CHAINCTL_OLLAMA_IMAGE',
  }),
  bake: Flags.boolean({
    description: 'boot from an image of its own, which is made first; otherwise each VM downloads everything',
    default: true,
    allowNo: true,
  }),
  auth: Flags.option({
    description: 'whether B requires the bearer token of the stack',
    options: ['token', 'none'] as const,
    default: 'token',
    env: 'CHAINCTL_AUTH',
  })(),
};
