import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { driftOf, type ResourceDrift } from './drift.ts';
import { Journal } from './journal.ts';
import type { StackPaths } from './paths.ts';
import { atPlace, type Place } from './places.ts';
import { StateStore } from './store.ts';
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
 * What is deployed of a stack on all places. Reads only, and takes no lock.
 *
 * @param refresh look at every resource of every recorded place, and compare it with its record
 * @throws RemedyError (exit 3) when the state file is damaged
 */
export async function stackStatus(
  paths: StackPaths,
  places: readonly Place[],
  { refresh }: { readonly refresh: boolean },
  deps: StatusDeps,
): Promise<ReportedTarget[]> {
  const targets = await Promise.all(
    places.map((place) =>
      atPlace(place, async (connection) => {
        const status = await connection.status();
        if (status === undefined || !refresh) return status;
        const store = await StateStore.open(paths.state, paths.name, deps.clock);
        const journal = new Journal(store, place.provider.name);
        const target = await connection.target('refresh', deps);
        const context = { ...deps, recorded: (key: string) => journal.resource(key) };
        return { ...status, drift: await driftOf(target, { context, journal }) };
      }),
    ),
  );
  return targets.filter((target) => target !== undefined);
}
