import { awsDeployFlags } from '../services/targets/aws/deploy-flags.ts';
import { awsFlags } from '../services/targets/aws/flags.ts';
import { gcpDeployFlags } from '../services/targets/gcp/deploy-flags.ts';
import { gcpFlags } from '../services/targets/gcp/flags.ts';

const { 'endpoint-url': ec2Endpoint, ...awsPlace } = awsFlags;
const { type: awsType, 'disk-gb': awsDisk, subnet: awsSubnet, ...aws } = awsDeployFlags;
const { type: gcpType, 'disk-gb': gcpDisk, subnet: gcpSubnet, network: gcpNetwork, ...gcp } = gcpDeployFlags;

/** Both clouds at once: what each of them calls by the same name and means by itself has the cloud's name before it. */
export const allFlags = {
  ...awsPlace,
  ...gcpFlags,
  ...aws,
  ...gcp,
  'aws-endpoint-url': ec2Endpoint,
  'aws-type': awsType,
  'aws-disk-gb': awsDisk,
  'aws-subnet': awsSubnet,
  'gcp-type': gcpType,
  'gcp-disk-gb': gcpDisk,
  'gcp-subnet': gcpSubnet,
  'gcp-network': gcpNetwork,
};
