import { Flags } from '@oclif/core';
import { urlFlag } from '../../../config/flags.ts';
import { DEFAULT_REGION, DEFAULT_TYPE } from './request.ts';

/** Where EC2 is and with which credentials: the same flags for every command that talks to it. */
export const awsFlags = {
  region: Flags.string({
    description: `AWS region [default: where the stack is, else AWS_REGION, else ${DEFAULT_REGION}]`,
    helpValue: 'REGION',
    env: 'CHAINCTL_REGION',
  }),
  profile: Flags.string({
    description: "AWS profile [default: the SDK's own chain: AWS_PROFILE, AWS_ACCESS_KEY_ID, ...]",
    helpValue: 'NAME',
    env: 'CHAINCTL_AWS_PROFILE',
  }),
  'endpoint-url': urlFlag({
    description: 'another EC2 endpoint than that of AWS, for a lab [default: AWS_ENDPOINT_URL_EC2]',
    env: 'CHAINCTL_EC2_ENDPOINT',
  }),
};

/** What the VM is to be and who may log in to it: the same for `deploy aws` and for what examines it beforehand. */
export const vmFlags = {
  type: Flags.string({
    description: 'instance type; its architecture decides which image is taken',
    default: DEFAULT_TYPE,
    helpValue: 'TYPE',
    env: 'CHAINCTL_TYPE',
  }),
  subnet: Flags.string({
    description: "subnet for the VM [default: the region's default network]",
    helpValue: 'SUBNET',
    env: 'CHAINCTL_SUBNET',
  }),
  'operator-address': Flags.string({
    description: 'your public address, for SSH [default: what checkip.amazonaws.com sees]',
    helpValue: 'CIDR',
    env: 'CHAINCTL_OPERATOR_ADDRESS',
  }),
};
