import type { GroupSource } from '../../stack/group.ts';
import type { Site } from '../../stack/provider.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { computeOf } from './ask.ts';
import { BACKEND } from './balancer.ts';
import { GROUP_PART, isGroupKey, placeOf } from './group.ts';
import { namedGroup } from './group-flags.ts';
import { type GroupReference, groupSource } from './group-source.ts';
import { objectName } from './names.ts';
import { locationsOf, recordedRequest, serviceOn } from './request.ts';

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
  const compute = await computeOf(group === own ? site : { ...site, record: undefined }, {
    // A regional group has no zone of its own, and no call of its source asks for one.
    zone: 'zone' in location ? location.zone : `${location.region}-a`,
    // The next poll is the second attempt.
    attempts: 1,
  });
  return groupSource(compute, group, operator.clock);
}

/**
 * Where the size follows the requests, those of a watch count, too: one or two a second at first. Against less than this
 * for each VM they would make the group grow, and cost money, by being looked at.
 */
const LEAST_RATE_TO_ASK = 20;

/**
 * The group of a stack as its record tells where it is: the place where it was made last, else where it is made first.
 *
 * @returns undefined for a record that this program does not understand; without an address where a watch that asks there
 *   would change what it watches
 */
export function recordedGroup(
  stack: string,
  { request: recorded, resources, endpoints }: Pick<TargetRecord, 'request' | 'resources' | 'endpoints'>,
): GroupReference | undefined {
  const request = recordedRequest(recorded);
  if (request === undefined) return undefined;
  const made = Object.entries(resources)
    .filter(([key, { status }]) => isGroupKey(key) && status !== 'removing')
    .sort(([, a], [, b]) => a.since.localeCompare(b.since))
    .at(-1)?.[0];
  const [first] = locationsOf(request);
  const location = made === undefined ? first : placeOf(made);
  if (location === undefined) return undefined;
  const mayAsk = request.autoscale.signal !== 'lb' || request.ratePerInstance >= LEAST_RATE_TO_ASK;
  return {
    group: objectName(stack, GROUP_PART),
    location,
    backendService: objectName(stack, BACKEND),
    url: mayAsk ? endpoints[serviceOn(request)] : undefined,
  };
}
