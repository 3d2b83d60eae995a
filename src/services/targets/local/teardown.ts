import type { StackPaths } from '../../stack/paths.ts';
import type { StackDeps } from '../../stack/session.ts';
import { teardownStack } from '../../stack/stack-teardown.ts';
import type { TeardownReport } from '../../stack/teardown.ts';
import { localModule } from './provider.ts';
import type { ProcessDeps } from './service-process.ts';

/** Stops exactly what `deploy local` started for this stack, and verifies that it is gone. */
export async function teardownLocal(
  paths: StackPaths,
  deps: StackDeps & { readonly processes: ProcessDeps },
): Promise<TeardownReport> {
  const [report] = await teardownStack(paths, [localModule(paths, deps.processes)], deps);
  return report as TeardownReport;
}
