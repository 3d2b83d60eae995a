import { Flags, type Interfaces } from '@oclif/core';
import { authFlag } from '../../../config/cloud-flags.ts';
import { machineEngineFlags } from '../../../config/engine-flags.ts';
import { modelFlag } from '../../../config/flags.ts';
import { modelsText, settingFlags } from '../../workloads/ask.ts';

const ssh = { description: 'machine to deploy to', helpValue: 'USER@ADDRESS[:PORT]', env: 'CHAINCTL_SSH' };

/** How a machine is reached, and how it proves who it is. */
const loginFlags = {
  identity: Flags.string({
    description: 'private key without a passphrase [default: the SSH agent]',
    helpValue: 'FILE',
    env: 'CHAINCTL_IDENTITY',
  }),
  'host-key': Flags.string({
    description: "fingerprint of the machine's host key, as ssh-keygen -l shows it",
    helpValue: 'SHA256:...',
    exclusive: ['accept-new-host-key'],
  }),
  'accept-new-host-key': Flags.boolean({ description: 'trust an unknown host key without asking' }),
};

/** What is examined of a machine; without one, those of the stack are. */
export const hostDoctorFlags = { ssh: Flags.string(ssh), ...loginFlags };

export const hostDeployFlags = {
  ssh: Flags.string({ ...ssh, required: true }),
  ...loginFlags,
  model: modelFlag({ description: `model of the service [default: ${modelsText()}]` }),
  ...settingFlags(),
  ...machineEngineFlags,
  auth: authFlag({ default: 'token' }),
};

export type HostFlags = Interfaces.InferredFlags<typeof hostDeployFlags>;
