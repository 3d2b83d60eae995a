import type { Clock } from '../clock.ts';
import type { GroupError, GroupSource } from '../scaling/types.ts';
import type { Compute } from './compute.ts';
import type { Autoscaler, InstanceGroupManager, ManagedInstance } from './compute-calls.ts';
import { groupCalls } from './group-calls.ts';
import { nameOf, readErrors, readGroup } from './group-reading.ts';
import { shortName } from './names.ts';
import { lookUp } from './operations.ts';
import type { Location } from './paths.ts';

/** Where a managed instance group is, and what stands in front of it. */
export interface GroupReference {
  readonly group: string;
  readonly location: Location;
  /** Global backend service that has the group behind it; without one the load balancer is not asked. */
  readonly backendService?: string;
  /** Where its clients find it. */
  readonly url?: string;
}

/** Errors that are older say nothing about what happens now. */
const RECENT_MS = 15 * 60_000;
/** While the group changes, every so many looks its errors are asked for. */
const ERRORS_EVERY = 4;

/**
 * A managed instance group, seen with at most four calls a look: group, instances, autoscaler, backends. What the last
 * attempt on an instance failed with comes with the instances; the group's own list of errors takes the place of the
 * autoscaler now and then while the group changes, or comes where a call is left.
 *
 * @param compute opened with one attempt per call: the next look is the second one
 */
export function groupSource(compute: Compute, place: GroupReference, clock: Pick<Clock, 'now'>): GroupSource {
  const { group: name, backendService } = place;
  const calls = groupCalls(compute, place.location);
  const first = new Map<string, number | undefined>();
  let looks = 0;
  let autoscaler: Autoscaler | undefined;
  let errors: readonly GroupError[] = [];

  return {
    name,
    ...(place.url === undefined ? {} : { url: place.url }),
    async sample(signal) {
      const at = clock.now();
      const group = await calls.get(name, signal);
      const scaler = shortName(group.status?.autoscaler);
      const changing = group.status?.isStable === false;
      const spare = scaler === '' || backendService === undefined;
      const wantsErrors = changing && (spare || looks % ERRORS_EVERY === ERRORS_EVERY - 1);
      const asksScaler = scaler !== '' && !(wantsErrors && !spare && autoscaler !== undefined);
      const [managed, scaled, backends, failures] = await Promise.all([
        calls.instances(name, signal),
        asksScaler ? lookUp(() => calls.autoscaler.get(scaler, signal)) : undefined,
        backendsOf(compute, backendService, group, signal),
        wantsErrors && (spare || !asksScaler) ? calls.errors(name, signal) : undefined,
      ]);
      if (asksScaler || scaler === '') autoscaler = scaled;
      if (failures !== undefined) errors = readErrors(failures);
      for (const each of managed) {
        const own = nameOf(each);
        // What was there at the first look is of unknown age, unless it was just being made.
        const fresh = looks > 0 || each.currentAction === 'CREATING';
        if (!first.has(own)) first.set(own, fresh ? at : undefined);
      }
      forget(first, managed);
      looks += 1;
      const recent = errors.filter((error) => error.at === undefined || at - error.at <= RECENT_MS);
      return readGroup({
        at,
        group,
        managed,
        autoscaler,
        backends,
        errors: recent,
        seenFirst: (name) => first.get(name),
      });
    },
  };
}

/** A name that comes again, as in a recreated instance, is another instance. */
function forget(first: Map<string, number | undefined>, managed: readonly ManagedInstance[]): void {
  const names = new Set(managed.map(nameOf));
  for (const name of first.keys()) if (!names.has(name)) first.delete(name);
}

/** Health by name of the instance; early on the answer lists nobody. */
async function backendsOf(
  compute: Compute,
  backendService: string | undefined,
  { instanceGroup }: InstanceGroupManager,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | undefined> {
  if (backendService === undefined || !instanceGroup) return undefined;
  const reference = { backendService, resourceGroupReferenceResource: { group: instanceGroup } };
  const { healthStatus } = await compute.read('backendServices.getHealth', reference, signal);
  return new Map((healthStatus ?? []).map((each) => [shortName(each.instance), each.healthState || 'UNKNOWN']));
}
