import type { StackPaths } from '../../stack/paths.ts';
import type { TargetModule } from '../../stack/target-module.ts';
import { findLogs, LogReader } from './logs.ts';
import type { ProcessDeps } from './service-process.ts';
import { localStatus } from './status.ts';
import { localTarget } from './target.ts';

/** This machine, as the commands that work over all targets see it. */
export function localModule(paths: StackPaths, processes: ProcessDeps): TargetModule {
  return {
    name: 'local',
    sweepsUnasked: true,
    status: () => localStatus(paths, processes),
    async logs(_record, selection, kind) {
      const files = await findLogs(paths.logs, selection, kind);
      return files.map(({ source, path }) => new LogReader(source, path));
    },
    open: async () => localTarget(processes),
  };
}
