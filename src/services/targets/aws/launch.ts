import { remedy } from '../../../errors.ts';
import { findImage, type Image, type ImageRequest } from './ami.ts';
import type { Ec2 } from './ec2.ts';
import { isAws } from './errors.ts';
import { findInstanceType, type InstanceType } from './instance-types.ts';

/** What a launch needs of the region, found out before anything is made. */
export interface Launch {
  readonly image: Image;
  readonly type: InstanceType;
}

interface LaunchRequest {
  readonly type: string;
  readonly image: ImageRequest;
  readonly diskGb: number;
}

/** @throws RemedyError: type not offered, no such image, disk too small (exit 3) */
export async function resolveLaunch(ec2: Ec2, request: LaunchRequest, signal: AbortSignal): Promise<Launch> {
  const type = await findInstanceType(ec2, request.type, signal);
  const image = await findImage(ec2, request.image, type.architecture, signal);
  if (image.diskGb > request.diskGb) {
    throw remedy.configuration(
      'aws-disk',
      `image ${image.id} needs a disk of ${image.diskGb} GB, and ${request.diskGb} were asked for`,
      [`give --disk-gb ${image.diskGb} or more`],
    );
  }
  return { image, type };
}

/**
 * The network that the VM goes to: that of the subnet, else the region's default one.
 *
 * @throws RemedyError (exit 3) when there is none
 */
export async function findVpc(ec2: Ec2, subnetId: string | undefined, signal: AbortSignal): Promise<string> {
  if (subnetId !== undefined) {
    const { Subnets = [] } = await ec2.call('DescribeSubnets', { SubnetIds: [subnetId] }, signal).catch((error) => {
      if (isAws(error, 'InvalidSubnetID.NotFound', 'InvalidSubnetId.Malformed', 'InvalidSubnetID.Malformed'))
        return { Subnets: [] };
      throw error;
    });
    const vpcId = Subnets[0]?.VpcId;
    if (vpcId !== undefined) return vpcId;
    throw remedy.configuration('aws-no-subnet', `there is no subnet ${subnetId} in ${ec2.region}`, [
      'give one of this region with --subnet',
      'or leave --subnet out to use the default network',
    ]);
  }
  const filters = [{ Name: 'is-default', Values: ['true'] }];
  const { Vpcs = [] } = await ec2.call('DescribeVpcs', { Filters: filters }, signal);
  const vpcId = Vpcs[0]?.VpcId;
  if (vpcId !== undefined) return vpcId;
  throw remedy.configuration('aws-no-vpc', `${ec2.region} has no default network (VPC) in this account`, [
    `make one: aws ec2 create-default-vpc --region ${ec2.region}`,
    'or name a subnet with a way to the internet: --subnet subnet-...',
  ]);
}

/** The account that the credentials belong to, as its default security groups tell; undefined where there are none. */
export async function findAccount(ec2: Ec2, signal: AbortSignal): Promise<string | undefined> {
  const filters = [{ Name: 'group-name', Values: ['default'] }];
  const { SecurityGroups = [] } = await ec2.call('DescribeSecurityGroups', { Filters: filters }, signal);
  return SecurityGroups[0]?.OwnerId;
}
