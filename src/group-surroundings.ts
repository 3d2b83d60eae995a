import { type GroupFlags, namedGroup } from './config/group-flags.ts';
import { pathsOf, processDeps } from './operator.ts';
import { systemClock } from './runtime.ts';
import type { GroupSource } from './services/stack/group.ts';
import { readState } from './services/stack/state.ts';
import type { GroupReference } from './services/targets/gcp/group-source.ts';
import { localSource } from './services/targets/local/group-source.ts';

/**
 * The group that flags and stack mean: the named one, else the stack's on Compute Engine, else its replicas here.
 *
 * @throws RemedyError: exit 2 when the flags say only a part of where it is, exit 3 when there is none or no credentials
 */
export async function groupOf(stack: string, flags: GroupFlags): Promise<GroupSource> {
  const named = namedGroup(flags);
  if (named !== undefined) return cloudGroup(named, named.project, flags['endpoint-url']);
  const paths = pathsOf(stack);
  const record = (await readState(paths.state))?.targets.gcp;
  if (record !== undefined) {
    const { recordedGroup } = await import('./services/targets/gcp/recorded-group.ts');
    const group = recordedGroup(stack, record);
    if (group !== undefined) return cloudGroup(group, flags.project ?? group.project, flags['endpoint-url']);
  }
  return localSource(paths, { clock: systemClock, processes: processDeps(paths) });
}

/** The library is only loaded where it is wanted. A call is made once: the next look is the second attempt. */
async function cloudGroup(
  reference: GroupReference,
  project: string | undefined,
  endpoint: string | undefined,
): Promise<GroupSource> {
  const [{ openCompute }, { groupSource }, { chooseProject }] = await Promise.all([
    import('./services/targets/gcp/compute.ts'),
    import('./services/targets/gcp/group-source.ts'),
    import('./services/targets/gcp/request.ts'),
  ]);
  const { location } = reference;
  const compute = await openCompute({
    project: chooseProject({ flag: project, env: process.env }),
    // A regional group has no zone of its own, and no call of its source asks for one.
    zone: 'zone' in location ? location.zone : `${location.region}-a`,
    endpoint,
    clock: systemClock,
    attempts: 1,
  });
  return groupSource(compute, reference, systemClock);
}
