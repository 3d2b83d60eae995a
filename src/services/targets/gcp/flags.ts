import { Flags } from '@oclif/core';
import { urlFlag } from '../../../config/flags.ts';
import { ExitCode, RemedyError } from '../../../errors.ts';
import type { ScalingSignal } from './autoscaler.ts';
import { DEFAULT_TYPE, DEFAULT_ZONE } from './request.ts';

const project = Flags.string({
  description:
    'Google Cloud project [default: where the stack is, else GOOGLE_CLOUD_PROJECT, else that of the credentials]',
  helpValue: 'PROJECT',
  env: 'CHAINCTL_GCP_PROJECT',
});

const endpoint = {
  description: 'another Compute Engine endpoint than that of Google, for a lab',
  env: 'CHAINCTL_GCP_ENDPOINT_URL',
};

/** Where Compute Engine is, for commands that talk to other clouds, too. */
export const gcpFlags = { project, 'gcp-endpoint-url': urlFlag(endpoint) };

/** The same for commands that talk to Compute Engine alone. */
export const gcpOnlyFlags = { project, 'endpoint-url': urlFlag(endpoint) };

/** Where the group is to be and of what: the same for `deploy gcp` and for what examines it beforehand. */
export const zonesFlag = Flags.string({
  description: `zones of one region, tried in this order when one has no machines left [default: where the stack is, else ${DEFAULT_ZONE}]`,
  helpValue: 'ZONE,...',
  multiple: true,
  delimiter: ',',
  env: 'CHAINCTL_ZONES',
});

export const machineTypeFlag = Flags.string({
  description: "machine type of B's VMs",
  default: DEFAULT_TYPE,
  helpValue: 'TYPE',
  env: 'CHAINCTL_GCP_TYPE',
});

/** What the autoscaler follows: `cpu=0.6` or `lb=0.8`. */
export const autoscaleFlag = Flags.custom<ScalingSignal>({
  helpValue: 'cpu=0.6|lb=0.8',
  parse: async (text) => {
    const [, signal, share] = /^(cpu|lb)=(0?\.\d+|1(?:\.0+)?)$/.exec(text.trim()) ?? [];
    const target = Number(share);
    if ((signal === 'cpu' || signal === 'lb') && target > 0) return { signal, target };
    throw new RemedyError(`--autoscale: "${text}" is neither cpu=SHARE nor lb=SHARE`, {
      code: 'usage',
      exit: ExitCode.usage,
      nextSteps: ['write cpu=0.6 (CPU of the VMs) or lb=0.8 (share of --rate-per-vm), with a share of at most 1'],
    });
  },
});
