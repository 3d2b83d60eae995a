import { refuseElsewhere as refuse } from '../../stack/elsewhere.ts';
import { goneWithTheRest } from '../../stack/gone-with-the-rest.ts';
import type { Resource, ResourceContext, Target } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { type AwsResources, awsResources, byKey } from './desired.ts';
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
export function awsTarget(
  resources: AwsResources,
  extra: readonly Resource<unknown, unknown>[] = [],
): Target & { costOf(key: string, spec: unknown): string | undefined } {
  const { keyPair, firewall, instance, address } = resources;
  const cloud = [keyPair, firewall, instance, address] as readonly Resource<unknown, unknown>[];
  return {
    name: 'aws',
    async discover(context: ResourceContext) {
      const found = await Promise.all(
        cloud.map(async (resource) => ((await resource.find(context)) === undefined ? [] : [resource.key])),
      );
      return found.flat();
    },
    costOf(key, spec) {
      if (key === address.key) return `${addressPerHour()} USD/h`;
      const { type, diskGb } = (spec ?? {}) as Partial<InstanceSpec>;
      if (key !== instance.key || type === undefined || diskGb === undefined) return undefined;
      const { perHour } = costOf({ region: resources.region, type, diskGb });
      return perHour === undefined ? undefined : `${perHour.toFixed(2)} USD/h`;
    },
    handle: (key) => byKey(resources, key) ?? extra.find((each) => each.key === key) ?? goneWithTheRest(key),
  };
}

/**
 * What of a stack is on EC2, for looking and for removing. Checks the credentials, and that they are those of the account
 * in which the record says that the stack is.
 *
 * @param record what the state file holds of the target, if anything
 * @throws RemedyError (exit 3) when the stack is in another region or account
 */
export async function openAwsTarget(
  ec2: Ec2,
  stack: string,
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  { signal }: Pick<ResourceContext, 'signal'>,
  targetOf: (resources: AwsResources) => Target = awsTarget,
): Promise<Target> {
  const account = await findAccount(ec2, signal);
  refuseElsewhere(record, { stack, region: ec2.region, account });
  return targetOf(awsResources(ec2, { stack, createdBy: '' }));
}

interface Here {
  readonly stack: string;
  readonly region: string;
  readonly account: string | undefined;
}

/**
 * A stack is in one region of one account.
 *
 * @throws RemedyError (exit 3) when the state names objects of another region or account
 */
export function refuseElsewhere(
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  { stack, region, account }: Here,
): void {
  const recorded = recordedRequest(record?.request);
  refuse('aws', record, [
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
}
