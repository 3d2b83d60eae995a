import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { driftOf, type ResourceDrift } from './drift.ts';
import { Journal } from './journal.ts';
import type { StackPaths } from './paths.ts';
import { readState } from './state.ts';
import { StateStore } from './store.ts';
import type { TargetModule } from './target-module.ts';
import type { TargetStatus } from './target-status.ts';

/** A target as `status` reports it; with `drift` when every resource was looked at. */
export interface ReportedTarget extends TargetStatus {
  readonly drift?: readonly ResourceDrift[];
}

export interface StatusDeps {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * What is deployed of a stack on all targets. Reads only, and takes no lock.
 *
 * @param refresh look at every resource of every recorded target, and compare it with its record
 * @throws RemedyError (exit 3) when the state file is damaged
 */
export async function stackStatus(
  paths: StackPaths,
  modules: readonly TargetModule[],
  { refresh }: { readonly refresh: boolean },
  deps: StatusDeps,
): Promise<ReportedTarget[]> {
  const state = await readState(paths.state);
  const targets = await Promise.all(
    modules.map(async (module) => {
      const record = state?.targets[module.name];
      const status = await module.status(record, deps.signal);
      if (status === undefined || !refresh) return status;
      const journal = new Journal(await StateStore.open(paths.state, paths.name, deps.clock), module.name);
      const target = await module.open(record, deps, 'refresh');
      const context = { ...deps, recorded: (key: string) => journal.resource(key) };
      try {
        return { ...status, drift: await driftOf(target, { context, journal }) };
      } finally {
        await target.close?.();
      }
    }),
  );
  return targets.filter((target) => target !== undefined);
}
