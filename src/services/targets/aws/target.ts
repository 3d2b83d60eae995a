import { refuseElsewhere } from '../../stack/elsewhere.ts';
import { goneWithTheRest } from '../../stack/gone-with-the-rest.ts';
import type { Resource, Target } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { type AwsResources, awsResources } from './desired.ts';
import type { Ec2 } from './ec2.ts';
import type { InstanceSpec } from './instance.ts';
import { findAccount } from './launch.ts';
import { addressPerHour, costOf } from './prices.ts';
import { recordedRequest } from './request.ts';

/**
 * EC2 of one region as a place for resources. What the VM carries (Docker, the services) goes with it: a key that is
 * not EC2's has nothing of its own to remove.
 *
 * @param extra handles of resources on the VM, for plans and drift
 */
export function awsTarget(resources: AwsResources, extra: readonly Resource<unknown, unknown>[] = []) {
  const { keyPair, firewall, instance, address, region } = resources;
  const cloud = [keyPair, firewall, instance, address] as readonly Resource<unknown, unknown>[];
  return {
    name: 'aws',
    async discover(context) {
      const found = await Promise.all(cloud.map((resource) => resource.find(context)));
      return cloud.flatMap(({ key }, index) => (found[index] === undefined ? [] : [key]));
    },
    costOf(key, spec) {
      if (key === address.key) return `${addressPerHour()} USD/h`;
      const { type, diskGb } = (spec ?? {}) as Partial<InstanceSpec>;
      if (key !== instance.key || type === undefined || diskGb === undefined) return undefined;
      const { perHour } = costOf({ region, type, diskGb });
      return perHour === undefined ? undefined : `${perHour.toFixed(2)} USD/h`;
    },
    handle: (key) => [...cloud, ...extra].find((each) => each.key === key) ?? goneWithTheRest(key),
  } satisfies Target;
}

/**
 * What of a stack is on EC2, for looking and for removing. Checks the credentials, and that they are those of the account
 * in which the record says that the stack is.
 *
 * @throws RemedyError (exit 3) when the stack is in another region or account
 */
export async function openAwsTarget(
  ec2: Ec2,
  stack: string,
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  { signal }: { readonly signal: AbortSignal },
  targetOf: (resources: AwsResources) => Target = awsTarget,
): Promise<Target> {
  await accountOf(ec2, stack, record, signal);
  return targetOf(awsResources(ec2, { stack, createdBy: '' }));
}

/**
 * The account of the credentials; undefined where that cannot be told. A stack is in one region of one account.
 *
 * @param record what the state file holds of the target, if anything
 * @throws RemedyError (exit 3) when the record names objects of another region or account
 */
export async function accountOf(
  ec2: Ec2,
  stack: string,
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { region } = ec2;
  const account = await findAccount(ec2, signal);
  const recorded = recordedRequest(record?.request);
  refuseElsewhere('aws', record, [
    {
      recorded: recorded?.region,
      here: region,
      message: `this stack is in ${recorded?.region}, not in ${region}`,
      nextSteps: [
        `use --region ${recorded?.region}`,
        `or tear it down there first: chainctl teardown aws --region ${recorded?.region}${stackOption(stack)}`,
      ],
    },
    {
      recorded: recorded?.account,
      here: account,
      message: `this stack belongs to AWS account ${recorded?.account}, and these credentials to ${account}`,
      nextSteps: [`use the credentials of ${recorded?.account}: --profile or AWS_PROFILE`],
    },
  ]);
  return account;
}
