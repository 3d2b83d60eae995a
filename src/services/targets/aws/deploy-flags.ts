import { Flags } from '@oclif/core';
import { durationFlag, integerFlag, modelFlag } from '../../../config/flags.ts';
import { tuningFlags } from '../../../config/tuning-flags.ts';
import { vmFlags } from './flags.ts';
import { DEFAULT_DISK_GB } from './request.ts';

const HOUR = 3600;

/** What is asked of A's side: the same for `deploy aws` and `deploy all`. */
export const awsDeployFlags = {
  ...vmFlags,
  ami: Flags.string({
    description: 'image id, or OWNER:NAME-PATTERN [default: Ubuntu 24.04 of Canonical]',
    helpValue: 'IMAGE',
    env: 'CHAINCTL_AMI',
  }),
  'disk-gb': integerFlag({
    description: 'size of the encrypted disk',
    default: DEFAULT_DISK_GB,
    min: 8,
    max: 1000,
    env: 'CHAINCTL_DISK_GB',
  }),
  allow: Flags.string({
    description: 'who may use A [default: your address alone]; repeatable',
    helpValue: 'CIDR',
    multiple: true,
    delimiter: ',',
    env: 'CHAINCTL_ALLOW',
  }),
  public: Flags.boolean({ description: 'everybody may use A', default: false, exclusive: ['allow'] }),
  'elastic-ip': Flags.boolean({ description: 'an address that outlives a stop of the VM', default: false }),
  ttl: durationFlag({
    description: 'the VM ends itself after this time, whatever becomes of this machine',
    helpValue: '4h',
    min: 600,
    max: 30 * 24 * HOUR,
    env: 'CHAINCTL_TTL',
  }),
  'model-a': modelFlag({ description: "A's model", default: 'tinyllama', env: 'CHAINCTL_MODEL_A' }),
  ...tuningFlags,
  'ollama-image': Flags.string({
    description: "the engine's image, instead of the version that chainctl was tested with",
    helpValue: 'IMAGE',
    env: 'CHAINCTL_OLLAMA_IMAGE',
  }),
  'ssh-user': Flags.string({
    description: "the image's own user, who may use sudo",
    default: 'ubuntu',
    env: 'CHAINCTL_SSH_USER',
  }),
  auth: Flags.option({
    description: 'whether A requires the bearer token of the stack',
    options: ['token', 'none'] as const,
    default: 'token',
    env: 'CHAINCTL_AUTH',
  })(),
};
