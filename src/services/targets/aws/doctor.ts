import { reasonOf } from '../../../errors.ts';
import { type DoctorCheck, examine, finding } from '../../doctor/check.ts';
import { findImage } from './ami.ts';
import { type Ec2, filters } from './ec2.ts';
import { isAws } from './errors.ts';
import { INSTANCE } from './instance-state.ts';
import { findInstanceType } from './instance-types.ts';
import { findAccount, findVpc } from './launch.ts';
import { costOf } from './prices.ts';
import type { AwsRequest } from './request.ts';
import { STACK_TAG, tagSpecifications } from './tags.ts';

type DoctorRequest = Pick<AwsRequest, 'type' | 'image' | 'diskGb' | 'subnetId'>;
type Work = (ec2: Ec2, request: DoctorRequest, signal: AbortSignal) => Promise<Found>;
type Found = readonly [status: DoctorCheck['status'], detail: string, ...nextSteps: readonly string[]];

/** A signature is refused beyond five minutes. */
const SKEW_WARNING_SECONDS = 60;
const SKEW_FAILURE_SECONDS = 240;

/** What is asked of EC2 with credentials that it accepts. */
const CHECKS: Readonly<Record<string, Work>> = {
  async 'aws region'(ec2, _request, signal) {
    const { region } = ec2;
    const Filters = filters({ 'region-name': region });
    const { Regions: [found] = [] } = await ec2.call('DescribeRegions', { AllRegions: true, Filters }, signal);
    if (found === undefined) return ['failed', `${region} is not a region`, 'choose another with --region'];
    if (found.OptInStatus !== 'not-opted-in') return ['ok', region];
    const enable = 'enable it in the account settings, or choose another --region';
    return ['failed', `${region} is not enabled for this account`, enable];
  },
  async 'aws type'(ec2, request, signal) {
    const { text, warning } = await findInstanceType(ec2, request.type, signal);
    const { perHour } = costOf({ ...request, region: ec2.region });
    const price = perHour === undefined ? 'price not known' : `about ${perHour.toFixed(2)} USD per hour`;
    if (warning === undefined) return ['ok', `${text}; ${price}`];
    return ['warning', `${text}; ${price}; ${warning}`, 'choose one without with --type'];
  },
  async 'aws image'(ec2, request, signal) {
    const { id, name } = await imageOf(ec2, request, signal);
    return ['ok', `${id} (${name})`];
  },
  'aws network': async (ec2, { subnetId }, signal) => ['ok', await findVpc(ec2, subnetId, signal)],
  'aws launch': wouldLaunch,
};

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
  const check = (name: string, work: () => Promise<Found>) =>
    examine(name, signal, async () => finding(name, ...(await work())));
  const credentials = await check('aws credentials', async () => {
    const account = await findAccount(ec2, signal);
    return ['ok', account === undefined ? 'accepted' : `account ${account}`];
  });
  const clock = finding('clock', ...clockOf(ec2.skewSeconds()));
  if (credentials.status === 'failed') {
    return [credentials, clock, ...Object.keys(CHECKS).map((name) => finding(name, 'skipped', 'needs credentials'))];
  }
  const others = await Promise.all([
    ...Object.entries(CHECKS).map(([name, work]) => check(name, () => work(ec2, request, signal))),
    check('your address', async () => ['ok', await findAddress()]),
  ]);
  return [credentials, clock, ...others];
}

function clockOf(skew: number | undefined): Found {
  if (skew === undefined) return ['skipped', 'no answer from AWS to compare it with'];
  const seconds = Math.abs(Math.round(skew));
  const detail = `${seconds} s ${skew < 0 ? 'behind' : 'ahead of'} AWS`;
  const remedy = 'set it, for example: timedatectl set-ntp true';
  if (seconds > SKEW_FAILURE_SECONDS) return ['failed', `${detail}: AWS refuses signatures`, remedy];
  return seconds > SKEW_WARNING_SECONDS ? ['warning', detail, remedy] : ['ok', 'agrees with AWS'];
}

async function imageOf(ec2: Ec2, { type, image }: DoctorRequest, signal: AbortSignal) {
  const { architecture } = await findInstanceType(ec2, type, signal);
  return findImage(ec2, image, architecture, signal);
}

/**
 * Asks EC2 whether it would launch the VM. That checks permissions and parameters; the vCPU quota and the capacity of the
 * moment show only in a real launch, and EC2's API does not tell them.
 */
async function wouldLaunch(ec2: Ec2, request: DoctorRequest, signal: AbortSignal): Promise<Found> {
  const image = await imageOf(ec2, request, signal);
  const { subnetId: SubnetId, type } = request;
  // One that a stack has made where the VM would be.
  const Filters = filters({ 'tag-key': STACK_TAG, 'vpc-id': await findVpc(ec2, SubnetId, signal) });
  const { SecurityGroups: [{ GroupId: group } = {}] = [] } = await ec2.call(
    'DescribeSecurityGroups',
    { Filters },
    signal,
  );
  const doctor = { stack: 'doctor', createdBy: 'doctor' };
  const input = {
    DryRun: true,
    SecurityGroupIds: group === undefined ? undefined : [group],
    ImageId: image.id,
    InstanceType: type as never,
    MinCount: 1,
    MaxCount: 1,
    SubnetId,
    TagSpecifications: tagSpecifications(['instance', 'volume'], doctor, INSTANCE, 'none'),
  };
  try {
    await ec2.call('RunInstances', input, signal);
  } catch (error) {
    // Without a group of a stack's, EC2 asks about the network's default one, which the policy of docs/aws.md leaves out.
    if (group === undefined && isAws(error, 'UnauthorizedOperation') && /:security-group\//.test(reasonOf(error))) {
      return ['ok', 'permitted but for the default security group, which no deploy uses: the rest shows in a deploy'];
    }
    if (!isAws(error, 'DryRunOperation')) throw error;
  }
  return ['ok', 'EC2 would accept it; vCPU quota and capacity show only in a real launch (see Service Quotas)'];
}
