import type { Clock } from '../clock.ts';
import type { GroupError, GroupSource } from '../scaling/types.ts';
import type { Compute } from './compute.ts';
import type { Autoscaler, InstanceGroupManager, ManagedInstance } from './compute-calls.ts';
import { nameOf, readErrors, readGroup } from './group-reading.ts';
import { shortName } from './names.ts';
import { lookUp } from './operations.ts';

/** Where a managed instance group is, and what stands in front of it. */
export interface GroupReference {
  readonly group: string;
  /** Of a zonal group; default: the zone that `compute` was opened for. */
  readonly zone?: string;
  /** Of a regional one. */
  readonly region?: string;
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
  const calls = callsOf(compute, place);
  const first = new Map<string, number | undefined>();
  let looks = 0;
  let autoscaler: Autoscaler | undefined;
  let errors: readonly GroupError[] = [];

  return {
    name: place.group,
    ...(place.url === undefined ? {} : { url: place.url }),
    async sample(signal) {
      const at = clock.now();
      const group = await calls.group(signal);
      const scaler = shortName(group.status?.autoscaler);
      const changing = group.status?.isStable === false;
      const spare = scaler === '' || place.backendService === undefined;
      const wantsErrors = changing && (spare || looks % ERRORS_EVERY === ERRORS_EVERY - 1);
      const asksScaler = scaler !== '' && !(wantsErrors && !spare && autoscaler !== undefined);
      const [managed, scaled, backends, failures] = await Promise.all([
        calls.instances(signal),
        asksScaler ? calls.autoscaler(scaler, signal) : undefined,
        calls.backends(group, signal),
        wantsErrors && (spare || !asksScaler) ? calls.errors(signal) : undefined,
      ]);
      if (asksScaler || scaler === '') autoscaler = scaled;
      if (failures !== undefined) errors = readErrors(failures);
      for (const each of managed) {
        const name = nameOf(each);
        // What was there at the first look is of unknown age, unless it was just being made.
        const fresh = looks > 0 || each.currentAction === 'CREATING';
        if (!first.has(name)) first.set(name, fresh ? at : undefined);
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

function callsOf(compute: Compute, { group, zone, region, backendService }: GroupReference) {
  const zonal = { zone: zone ?? compute.zone, instanceGroupManager: group };
  const regional = region === undefined ? undefined : { region, instanceGroupManager: group };
  return {
    group: (signal: AbortSignal): Promise<InstanceGroupManager> =>
      regional === undefined
        ? compute.read('instanceGroupManagers.get', zonal, signal)
        : compute.read('regionInstanceGroupManagers.get', regional, signal),
    instances: (signal: AbortSignal) =>
      regional === undefined
        ? compute.read('instanceGroupManagers.listManagedInstances', zonal, signal)
        : compute.read('regionInstanceGroupManagers.listManagedInstances', regional, signal),
    errors: (signal: AbortSignal) =>
      regional === undefined
        ? compute.read('instanceGroupManagers.listErrors', zonal, signal)
        : compute.read('regionInstanceGroupManagers.listErrors', regional, signal),
    /** It may go while the group stays. */
    autoscaler: (name: string, signal: AbortSignal): Promise<Autoscaler | undefined> =>
      lookUp(() =>
        regional === undefined
          ? compute.read('autoscalers.get', { zone: zonal.zone, autoscaler: name }, signal)
          : compute.read('regionAutoscalers.get', { region: regional.region, autoscaler: name }, signal),
      ),
    /** Health by name of the instance; early on the answer lists nobody. */
    async backends({ instanceGroup }: InstanceGroupManager, signal: AbortSignal) {
      if (backendService === undefined || !instanceGroup) return undefined;
      const reference = { backendService, resourceGroupReferenceResource: { group: instanceGroup } };
      const { healthStatus } = await compute.read('backendServices.getHealth', reference, signal);
      return new Map((healthStatus ?? []).map((each) => [shortName(each.instance), each.healthState || 'UNKNOWN']));
    },
  };
}
