import type { GroupSource } from '../../stack/group.ts';
import type { Site } from '../../stack/provider.ts';
import { endpointOf } from './ask.ts';
import { openCompute } from './compute.ts';
import { namedGroup } from './group-flags.ts';
import { groupSource } from './group-source.ts';
import { recordedGroup } from './recorded-group.ts';
import { chooseProject } from './request.ts';

/**
 * The group that the flags name, else that of the stack.
 *
 * @returns undefined where there is neither
 * @throws RemedyError: exit 2 when the flags say only a part of where it is, exit 3 without credentials
 */
export async function openGroup(site: Site): Promise<GroupSource | undefined> {
  const { paths, flags, record, operator } = site;
  const own = record && recordedGroup(paths.name, record);
  const group = namedGroup(flags) ?? own;
  if (group === undefined) return undefined;
  const { location } = group;
  const { env, clock } = operator;
  const recorded = group === own ? own?.project : undefined;
  const compute = await openCompute({
    project: chooseProject({ flag: flags.project as string | undefined, recorded, env }),
    // A regional group has no zone of its own, and no call of its source asks for one.
    zone: 'zone' in location ? location.zone : `${location.region}-a`,
    endpoint: endpointOf(site),
    clock,
    // The next poll is the second attempt.
    attempts: 1,
  });
  return groupSource(compute, group, clock);
}
