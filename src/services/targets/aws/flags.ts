import { Flags, type Interfaces } from '@oclif/core';
import { cloudServiceFlags, operatorAddressFlag, ttlFlag } from '../../../config/cloud-flags.ts';
import { integerFlag, urlFlag } from '../../../config/flags.ts';
import { modelFlags, settingFlags } from '../../workloads/ask.ts';

export const DEFAULT_REGION = 'eu-north-1';
/** Who may log in to Ubuntu's own images. */
export const SSH_USER = 'ubuntu';
/** Ubuntu, Docker, an engine and a small model, with room for logs. */
export const DEFAULT_DISK_GB = 20;

/**
 * Four vCPUs of its own, 8 GB: tinyllama needs 1 GB and all the CPU it can get. Not a burstable t3: under load its CPU
 * is throttled or billed on top, and either spoils a measurement. Fits the 5 vCPUs that a new account starts with.
 */
export const DEFAULT_TYPE = 'c6i.xlarge';

/** Where EC2 is and with which credentials: the same flags for every command that talks to it. */
export const awsPlaceFlags = {
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
    description: "EC2 endpoint, instead of AWS's: for a lab [default: AWS_ENDPOINT_URL_EC2]",
    env: 'CHAINCTL_EC2_ENDPOINT',
  }),
};

/** What the VM is to be and who may log in to it: what `doctor` examines, too. */
export const awsDoctorFlags = {
  type: Flags.string({
    description: 'instance type; its architecture selects the image',
    default: DEFAULT_TYPE,
    helpValue: 'TYPE',
    env: 'CHAINCTL_AWS_TYPE',
    formerly: 'CHAINCTL_TYPE',
  }),
  subnet: Flags.string({
    description: "subnet for the VM [default: the region's default network]",
    helpValue: 'SUBNET',
    env: 'CHAINCTL_AWS_SUBNET',
    formerly: 'CHAINCTL_SUBNET',
  }),
  'operator-address': operatorAddressFlag,
};

/** What is asked of a service's VM. */
export const awsDeployFlags = {
  ...awsDoctorFlags,
  ami: Flags.string({
    description: 'image id, or OWNER:NAME-PATTERN [default: Ubuntu 24.04 of Canonical]',
    helpValue: 'IMAGE',
    env: 'CHAINCTL_AMI',
  }),
  'disk-gb': integerFlag({
    description: 'size of the encrypted disk, GB',
    default: DEFAULT_DISK_GB,
    min: 8,
    max: 1000,
    env: 'CHAINCTL_AWS_DISK_GB',
    formerly: 'CHAINCTL_DISK_GB',
  }),
  allow: Flags.string({
    description: 'address range that may use the service; repeatable [default: your address alone]',
    helpValue: 'CIDR',
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
    env: 'CHAINCTL_ALLOW',
  }),
  public: Flags.boolean({ description: 'everybody may use the service', default: false, exclusive: ['allow'] }),
  'elastic-ip': Flags.boolean({
    description: 'an address that stays the same when the VM is stopped and started',
    default: false,
  }),
  ttl: ttlFlag('the VM deletes itself after this time, even if this machine is off'),
  ...modelFlags(),
  ...settingFlags(),
  ...cloudServiceFlags,
  'ssh-user': Flags.string({
    description: "the image's user, with passwordless sudo",
    default: SSH_USER,
    env: 'CHAINCTL_SSH_USER',
  }),
};

type Given<F extends Interfaces.FlagInput> = Partial<Interfaces.InferredFlags<F>>;

/** Of a command over several places, too: then only some are there. */
export type AwsPlaceFlags = Given<typeof awsPlaceFlags>;
export type AwsDoctorFlags = AwsPlaceFlags & Given<typeof awsDoctorFlags>;
export type AwsFlags = AwsPlaceFlags & Interfaces.InferredFlags<typeof awsDeployFlags>;
