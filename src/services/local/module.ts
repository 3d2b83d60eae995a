import type { StackPaths } from '../stack/paths.ts';
import type { TargetModule } from '../stack/target-module.ts';
import type { ProcessDeps } from './service-process.ts';
import { localStatus } from './status.ts';
import { localTarget } from './target.ts';

/** This machine, as the commands that work over all targets see it. */
export function localModule(paths: StackPaths, processes: ProcessDeps): TargetModule {
  return {
    name: 'local',
    sweepsUnasked: true,
    status: () => localStatus(paths, processes),
    open: async () => localTarget(processes),
  };
}
