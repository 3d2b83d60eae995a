import { reasonOf } from '../../../errors.ts';
import { type DoctorCheck, examine, finding } from '../../doctor/check.ts';
import { findImage, type ImageRequest } from './ami.ts';
import type { Ec2 } from './ec2.ts';
import { isAws } from './errors.ts';
import { findInstanceType, gpuWarning } from './instance-types.ts';
import { findAccount, findVpc } from './launch.ts';
import { costOf } from './prices.ts';
import { STACK_TAG, tagsOf } from './tags.ts';

interface DoctorRequest {
  readonly type: string;
  readonly image: ImageRequest;
  readonly diskGb: number;
  readonly subnetId?: string | undefined;
}

/** A signature is refused beyond five minutes. */
const SKEW_WARNING_SECONDS = 60;
const SKEW_FAILURE_SECONDS = 240;

/**
 * What `deploy aws` needs of the account and the region, without making anything.
 *
 * @param findAddress the range from which the operator logs in
 */
export async function doctorAws(
  ec2: Ec2,
  request: DoctorRequest,
  findAddress: () => Promise<string>,
  signal: AbortSignal,
): Promise<DoctorCheck[]> {
  const credentials = await examine('aws credentials', signal, async () => {
    const account = await findAccount(ec2, signal);
    return finding('aws credentials', 'ok', account === undefined ? 'accepted' : `account ${account}`);
  });
  const clock = clockCheck(ec2.skewSeconds());
  if (credentials.status === 'failed') {
    const rest = ['aws region', 'aws type', 'aws image', 'aws network', 'aws launch'];
    return [credentials, clock, ...rest.map((name) => finding(name, 'skipped', 'needs credentials'))];
  }
  const others = await Promise.all([
    examine('aws region', signal, () => regionCheck(ec2, signal)),
    examine('aws type', signal, async () => {
      const type = await findInstanceType(ec2, request.type, signal);
      const { name, vcpus, memoryGb, architecture } = type;
      const warning = gpuWarning(type);
      const { perHour } = costOf({ ...request, region: ec2.region });
      const price = perHour === undefined ? 'price not known' : `about ${perHour.toFixed(2)} USD per hour`;
      const detail = `${name}: ${vcpus} vCPUs, ${memoryGb} GB, ${architecture}; ${price}`;
      if (warning === undefined) return finding('aws type', 'ok', detail);
      return finding('aws type', 'warning', `${detail}; ${warning}`, 'choose one without with --type');
    }),
    examine('aws image', signal, async () => {
      const { architecture } = await findInstanceType(ec2, request.type, signal);
      const image = await findImage(ec2, request.image, architecture, signal);
      return finding('aws image', 'ok', `${image.id} (${image.name})`);
    }),
    examine('aws network', signal, async () =>
      finding('aws network', 'ok', await findVpc(ec2, request.subnetId, signal)),
    ),
    examine('aws launch', signal, () => launchCheck(ec2, request, signal)),
    examine('your address', signal, async () => finding('your address', 'ok', await findAddress())),
  ]);
  return [credentials, clock, ...others];
}

function clockCheck(skew: number | undefined): DoctorCheck {
  if (skew === undefined) return finding('clock', 'skipped', 'no answer from AWS to compare it with');
  const seconds = Math.abs(Math.round(skew));
  const detail = `${seconds} s ${skew < 0 ? 'behind' : 'ahead of'} AWS`;
  const remedy = 'set it, for example: timedatectl set-ntp true';
  if (seconds > SKEW_FAILURE_SECONDS) return finding('clock', 'failed', `${detail}: AWS refuses signatures`, remedy);
  if (seconds > SKEW_WARNING_SECONDS) return finding('clock', 'warning', detail, remedy);
  return finding('clock', 'ok', 'agrees with AWS');
}

async function regionCheck(ec2: Ec2, signal: AbortSignal): Promise<DoctorCheck> {
  const input = { AllRegions: true, Filters: [{ Name: 'region-name', Values: [ec2.region] }] };
  const { Regions = [] } = await ec2.call('DescribeRegions', input, signal);
  const [region] = Regions;
  if (region === undefined) {
    return finding('aws region', 'failed', `${ec2.region} is not a region`, 'choose another with --region');
  }
  if (region.OptInStatus === 'not-opted-in') {
    const detail = `${ec2.region} is not enabled for this account`;
    return finding('aws region', 'failed', detail, 'enable it in the account settings, or choose another --region');
  }
  return finding('aws region', 'ok', ec2.region);
}

/**
 * Asks EC2 whether it would launch the VM. That checks permissions and parameters; the vCPU quota and the capacity of the
 * moment show only in a real launch, and EC2's API does not tell them.
 */
async function launchCheck(ec2: Ec2, request: DoctorRequest, signal: AbortSignal): Promise<DoctorCheck> {
  const { architecture } = await findInstanceType(ec2, request.type, signal);
  const image = await findImage(ec2, request.image, architecture, signal);
  const group = await ownGroup(ec2, request, signal);
  const input = {
    DryRun: true,
    ...(group === undefined ? {} : { SecurityGroupIds: [group] }),
    ImageId: image.id,
    InstanceType: request.type as never,
    MinCount: 1,
    MaxCount: 1,
    ...(request.subnetId === undefined ? {} : { SubnetId: request.subnetId }),
    TagSpecifications: (['instance', 'volume'] as const).map((ResourceType) => ({
      ResourceType,
      Tags: tagsOf({ stack: 'doctor', createdBy: 'doctor' }, 'instance-a', 'none'),
    })),
  };
  try {
    await ec2.call('RunInstances', input, signal);
  } catch (error) {
    // Without a group of a stack's, EC2 asks about the network's default one, which the policy of docs/aws.md leaves out.
    if (group === undefined && isAws(error, 'UnauthorizedOperation') && /:security-group\//.test(reasonOf(error))) {
      const detail = 'permitted but for the default security group, which no deploy uses: the rest shows in a deploy';
      return finding('aws launch', 'ok', detail);
    }
    if (!isAws(error, 'DryRunOperation')) throw error;
  }
  const detail = 'EC2 would accept it; vCPU quota and capacity show only in a real launch (see Service Quotas)';
  return finding('aws launch', 'ok', detail);
}

/** A security group that a stack has made where the VM would be; undefined while there is none. */
async function ownGroup(ec2: Ec2, { subnetId }: DoctorRequest, signal: AbortSignal): Promise<string | undefined> {
  const Filters = [
    { Name: 'tag-key', Values: [STACK_TAG] },
    { Name: 'vpc-id', Values: [await findVpc(ec2, subnetId, signal)] },
  ];
  const { SecurityGroups = [] } = await ec2.call('DescribeSecurityGroups', { Filters }, signal);
  return SecurityGroups[0]?.GroupId;
}
