import type { StackPaths } from '../../stack/paths.ts';
import type { ResourceContext, Target } from '../../stack/resource.ts';
import { type StackDeps, withStack } from '../../stack/session.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { type TeardownReport, teardownTarget } from '../../stack/teardown.ts';
import { awsResources } from './desired.ts';
import type { Ec2 } from './ec2.ts';
import { refuseElsewhere } from './guards.ts';
import { findAccount } from './launch.ts';
import { awsTarget } from './target.ts';

/**
 * The AWS side of a stack, for looking and for removing. Checks the credentials, and that they are those of the account
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
): Promise<Target> {
  const account = await findAccount(ec2, signal);
  refuseElsewhere(record, { region: ec2.region, account });
  return awsTarget(awsResources(ec2, { stack, createdBy: '' }));
}

/**
 * Removes everything on EC2 that carries the stack's tag in this region, and verifies that it is gone. Works with the
 * state file lost.
 *
 * @throws RemedyError (exit 3) when the state says that the stack is in another region or account
 */
export function teardownAws(paths: StackPaths, deps: StackDeps & { readonly ec2: Ec2 }): Promise<TeardownReport> {
  return withStack(paths, 'aws', deps, async (steps) => {
    const target = await openAwsTarget(deps.ec2, paths.name, steps.journal.target, steps.context);
    return teardownTarget(target, steps);
  });
}
