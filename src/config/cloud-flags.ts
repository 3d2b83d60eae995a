import { Flags } from '@oclif/core';
import { machineEngineFlags } from './engine-flags.ts';
import { durationFlag } from './flags.ts';
import { tuningFlags } from './tuning-flags.ts';

const MINUTE = 60;
const DAY = 86_400;

/** Who may log in to machines of a cloud: the same flag on every cloud. */
export const operatorAddressFlag = Flags.string({
  description: 'your public address, for SSH [default: what checkip.amazonaws.com sees]',
  helpValue: 'CIDR',
  env: 'CHAINCTL_OPERATOR_ADDRESS',
});

/** @param description what ends after this time, and what that bounds */
export const ttlFlag = (description: string) =>
  durationFlag({ description, helpValue: '4h', min: 10 * MINUTE, max: 30 * DAY, env: 'CHAINCTL_TTL' });

/** Who may use a service: the default is the place's own. */
export const authFlag = Flags.option({
  description: "token: require the stack's bearer token (smoke and load send it automatically)",
  options: ['token', 'none'] as const,
  env: 'CHAINCTL_AUTH',
});

/** How a service of a cloud works, and who may use it. */
export const cloudServiceFlags = {
  ...tuningFlags,
  ...machineEngineFlags,
  auth: authFlag({ default: 'token' }),
};
