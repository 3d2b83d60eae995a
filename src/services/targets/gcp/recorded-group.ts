import type { TargetRecord } from '../../stack/state.ts';
import { BACKEND } from './backend.ts';
import { GROUP_PART, groupKey, isGroupKey } from './group.ts';
import type { GroupReference } from './group-source.ts';
import { objectName } from './names.ts';
import type { Location } from './paths.ts';
import { parseLocation } from './paths.ts';
import { locationsOf, recordedRequest, serviceOn } from './request.ts';

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
): (GroupReference & { readonly project: string }) | undefined {
  const request = recordedRequest(recorded);
  if (request === undefined) return undefined;
  const made = Object.entries(resources)
    .filter(([key, { status }]) => isGroupKey(key) && status !== 'removing')
    .sort(([, a], [, b]) => a.since.localeCompare(b.since))
    .at(-1)?.[0];
  const [first] = locationsOf(request);
  const location: Location | undefined = made === undefined ? first : locationOf(made);
  if (location === undefined) return undefined;
  const url = endpoints[serviceOn(request)];
  const mayAsk = request.autoscale.signal !== 'lb' || request.ratePerInstance >= LEAST_RATE_TO_ASK;
  return {
    project: request.project,
    group: objectName(stack, GROUP_PART),
    location,
    backendService: objectName(stack, BACKEND),
    ...(url === undefined || !mayAsk ? {} : { url }),
  };
}

/** The opposite of `groupKey`. */
function locationOf(key: string): Location {
  const prefix = groupKey({ zone: '' });
  return parseLocation(key.slice(prefix.length));
}
