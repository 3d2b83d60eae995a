import type { StackPaths } from '../../stack/paths.ts';
import type { Target } from '../../stack/resource.ts';
import { type StackDeps, withStack } from '../../stack/session.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { type TeardownReport, teardownTarget } from '../../stack/teardown.ts';
import type { BootTarget } from './boot-source.ts';
import type { Compute } from './compute.ts';
import { refuseElsewhere } from './guards.ts';
import { gcpTarget } from './target.ts';

/**
 * The GCP side of a stack, for looking and for removing.
 *
 * @param record what the state file holds of the target, if anything
 * @throws RemedyError (exit 3) when the stack is in another project
 */
export function openGcpTarget(
  compute: Compute,
  stack: string,
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  boot: BootTarget | undefined,
): Target {
  refuseElsewhere(record, compute);
  return gcpTarget(compute, { stack, createdBy: '' }, boot);
}

/**
 * Removes everything in the project that carries the stack's marker, in whatever zone, and verifies that it is gone.
 * Works with the state file lost.
 *
 * @throws RemedyError (exit 3) when the state says that the stack is in another project
 */
export function teardownGcp(
  paths: StackPaths,
  deps: StackDeps & { readonly compute: Compute; readonly bootTarget?: BootTarget },
): Promise<TeardownReport> {
  return withStack(paths, 'gcp', deps, async (steps) => {
    const target = openGcpTarget(deps.compute, paths.name, steps.journal.target, deps.bootTarget);
    return teardownTarget(target, steps);
  });
}
