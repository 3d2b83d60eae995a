import { Flags, type Interfaces } from '@oclif/core';
import { modelFlag } from '../../../config/flags.ts';
import { modelsText, settingFlags } from '../../workloads/ask.ts';

/** What is asked of a machine that is there already. */
export const hostDeployFlags = {
  ssh: Flags.string({
    description: 'the machine',
    helpValue: 'USER@ADDRESS[:PORT]',
    required: true,
    env: 'CHAINCTL_SSH',
  }),
  identity: Flags.string({
    description: 'private key without a passphrase [default: the SSH agent]',
    helpValue: 'FILE',
    env: 'CHAINCTL_IDENTITY',
  }),
  model: modelFlag({ description: `the model [default: ${modelsText()}]` }),
  ...settingFlags(),
  'ollama-image': Flags.string({
    description: "the engine's image, instead of the version that chainctl was tested with",
    helpValue: 'IMAGE',
    env: 'CHAINCTL_OLLAMA_IMAGE',
  }),
  auth: Flags.option({
    description: "require the stack's bearer token (smoke and load send it automatically)",
    options: ['token', 'none'] as const,
    default: 'token',
    env: 'CHAINCTL_AUTH',
  })(),
  'host-key': Flags.string({
    description: "fingerprint of the machine's host key, as ssh-keygen -l shows it",
    helpValue: 'SHA256:...',
    exclusive: ['accept-new-host-key'],
  }),
  'accept-new-host-key': Flags.boolean({ description: 'trust an unknown host key without asking' }),
};

export type HostFlags = Interfaces.InferredFlags<typeof hostDeployFlags>;
