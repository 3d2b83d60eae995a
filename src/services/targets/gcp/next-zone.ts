import { RemedyError } from '../../../errors.ts';
import { removeStep } from '../../stack/steps.ts';
import { autoscalerKey } from './autoscaler.ts';
import { groupPath, leadsTo } from './backend-group.ts';
import { BACKEND_GROUP } from './balancer.ts';
import type { BackendService } from './compute-calls.ts';
import { GROUP_PART, groupKey } from './group.ts';
import type { MarkedObject } from './inventory.ts';
import { objectName } from './names.ts';
import { lookUp } from './operations.ts';
import { type Location, locationName } from './paths.ts';
import { placed } from './placed.ts';
import type { Attempt, Task } from './plan-in-zone.ts';

/** Where a deploy begins: where the group is already, else the first place of the list. Pure. */
export function startAt(locations: readonly Location[], there: readonly Pick<MarkedObject, 'key'>[]): Location {
  const keys = new Set(there.map(({ key }) => key));
  const [first] = locations;
  if (first === undefined) throw new Error('a group needs a place');
  return locations.find((location) => keys.has(groupKey(location))) ?? first;
}

/**
 * Whether the deploy may go on in another zone: this one has no machines left, and nothing serves from it. A group that
 * serves is not taken away because it cannot grow.
 */
export async function maySwitch(
  error: unknown,
  { location }: Pick<Attempt, 'location'>,
  { compute, owner: { stack }, steps }: Task,
): Promise<boolean> {
  if (!(error instanceof RemedyError) || error.code !== 'gcp-stock-out') return false;
  const group = { instanceGroupManager: objectName(stack, GROUP_PART) };
  const instances = await lookUp(() =>
    placed(compute, location).read('instanceGroupManagers.listManagedInstances', group, steps.context.signal),
  );
  return (instances ?? []).every(({ instanceStatus }) => instanceStatus !== 'RUNNING');
}

/**
 * Takes away what is in a zone that is sold out: its group would go on trying, and be paid for when it succeeds. The load
 * balancer stays, and is told of the next group; where it still leads to a group elsewhere, that goes on serving.
 */
export async function leaveZone(
  { location, target }: Attempt,
  next: Location,
  { compute, owner: { stack }, steps }: Task,
): Promise<void> {
  const { context } = steps;
  const text = `${locationName(location)} has no machines left: going on in ${locationName(next)}`;
  context.emit({ type: 'note', level: 'warn', text });
  for (const key of [BACKEND_GROUP, autoscalerKey(location), groupKey(location)]) {
    const resource = target.handle(key);
    const live = await resource.find(context);
    if (live === undefined) await steps.journal.record(key, undefined);
    else if (key !== BACKEND_GROUP || leadsTo(live as BackendService, groupPath(compute, location, stack))) {
      await removeStep(steps, resource, live);
    }
  }
}
