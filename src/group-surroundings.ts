import { type GroupFlags, type GroupPlace, namedGroup } from './config/group-flags.ts';
import { systemClock } from './runtime.ts';
import { localSource } from './services/scaling/local-source.ts';
import type { GroupSource } from './services/scaling/types.ts';
import { pathsOf, processDeps } from './surroundings.ts';

/**
 * The group that flags and stack mean.
 *
 * @throws RemedyError: exit 2 when the flags say only a part of where it is, exit 3 when there is none or no credentials
 */
export async function groupOf(stack: string, flags: GroupFlags): Promise<GroupSource> {
  const named = namedGroup(flags);
  if (named !== undefined) return cloudGroup(named, flags['endpoint-url']);
  const paths = pathsOf(stack);
  return localSource(paths, { clock: systemClock, processes: processDeps(paths) });
}

/** The library is only loaded where it is wanted. A call is made once: the next look is the second attempt. */
async function cloudGroup(place: GroupPlace, endpoint: string | undefined): Promise<GroupSource> {
  const [{ openCompute }, { groupSource }] = await Promise.all([
    import('./services/gcp/compute.ts'),
    import('./services/gcp/group-source.ts'),
  ]);
  const { project, location } = place;
  const compute = await openCompute({
    project: project ?? (process.env.GOOGLE_CLOUD_PROJECT || undefined),
    // A regional group has no zone of its own, and no call of its source asks for one.
    zone: 'zone' in location ? location.zone : `${location.region}-a`,
    endpoint,
    clock: systemClock,
    attempts: 1,
  });
  return groupSource(compute, place, systemClock);
}
