import { remedy } from '../../../errors.ts';
import { findImage } from './ami.ts';
import type { Ec2 } from './ec2.ts';
import { insteadOf } from './errors.ts';
import { findInstanceType } from './instance-types.ts';
import type { AwsRequest } from './request.ts';

/** What a launch needs of the region, found out before anything is made. */
export type Launch = Awaited<ReturnType<typeof resolveLaunch>>;

/** @throws RemedyError: type not offered, no such image, disk too small (exit 3) */
export async function resolveLaunch(
  ec2: Ec2,
  request: Pick<AwsRequest, 'type' | 'image' | 'diskGb'>,
  signal: AbortSignal,
) {
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
    const unknown = ['InvalidSubnetID.NotFound', 'InvalidSubnetId.Malformed', 'InvalidSubnetID.Malformed'];
    const { Subnets: [subnet] = [] } = await ec2
      .call('DescribeSubnets', { SubnetIds: [subnetId] }, signal)
      .catch(insteadOf(unknown, { Subnets: [] }));
    if (subnet?.VpcId !== undefined) return subnet.VpcId;
    throw remedy.configuration('aws-no-subnet', `there is no subnet ${subnetId} in ${ec2.region}`, [
      'give one of this region with --subnet',
      'or leave --subnet out to use the default network',
    ]);
  }
  const Filters = [{ Name: 'is-default', Values: ['true'] }];
  const { Vpcs: [vpc] = [] } = await ec2.call('DescribeVpcs', { Filters }, signal);
  if (vpc?.VpcId !== undefined) return vpc.VpcId;
  throw remedy.configuration('aws-no-vpc', `${ec2.region} has no default network (VPC) in this account`, [
    `make one: aws ec2 create-default-vpc --region ${ec2.region}`,
    'or name a subnet with a way to the internet: --subnet subnet-...',
  ]);
}

/** The account that the credentials belong to, as its default security groups tell; undefined where there are none. */
export async function findAccount(ec2: Ec2, signal: AbortSignal): Promise<string | undefined> {
  const Filters = [{ Name: 'group-name', Values: ['default'] }];
  const { SecurityGroups = [] } = await ec2.call('DescribeSecurityGroups', { Filters }, signal);
  return SecurityGroups[0]?.OwnerId;
}
