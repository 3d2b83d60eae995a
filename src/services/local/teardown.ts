import type { StackPaths } from '../stack/paths.ts';
import { type StackDeps, withStack } from '../stack/session.ts';
import { type TeardownReport, teardownTarget } from '../stack/teardown.ts';
import type { ProcessDeps } from './service-process.ts';
import { localTarget } from './target.ts';

/** Stops exactly what `deploy local` started for this stack, and verifies that it is gone. */
export function teardownLocal(
  paths: StackPaths,
  deps: StackDeps & { readonly processes: ProcessDeps },
): Promise<TeardownReport> {
  return withStack(paths, 'local', deps, (steps) => teardownTarget(localTarget(deps.processes), steps));
}
