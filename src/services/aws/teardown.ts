import type { StackPaths } from '../stack/paths.ts';
import { type StackDeps, withStack } from '../stack/session.ts';
import { type TeardownReport, teardownTarget } from '../stack/teardown.ts';
import { awsResources } from './desired.ts';
import type { Ec2 } from './ec2.ts';
import { refuseElsewhere } from './guards.ts';
import { findAccount } from './launch.ts';
import { awsTarget } from './target.ts';

/**
 * Removes everything on EC2 that carries the stack's tag in this region, and verifies that it is gone. Works with the
 * state file lost.
 *
 * @throws RemedyError (exit 3) when the state says that the stack is in another region or account
 */
export function teardownAws(paths: StackPaths, deps: StackDeps & { readonly ec2: Ec2 }): Promise<TeardownReport> {
  const { ec2 } = deps;
  return withStack(paths, 'aws', deps, async (steps) => {
    const account = await findAccount(ec2, steps.context.signal);
    refuseElsewhere(steps.journal, { region: ec2.region, account });
    return teardownTarget(awsTarget(awsResources(ec2, { stack: paths.name, createdBy: '' })), steps);
  });
}
