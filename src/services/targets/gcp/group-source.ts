import type { Clock } from '../../clock.ts';
import type { GroupError, GroupSample, GroupSource } from '../../stack/group.ts';
import type { Compute } from './compute.ts';
import type { Instance, ManagedInstance } from './compute-calls.ts';
import { isGcp, passing } from './errors.ts';
import { nameOf, readErrors, readGroup } from './group-reading.ts';
import { shortName } from './names.ts';
import { lookUp } from './operations.ts';
import { type Location, placed } from './paths.ts';

/** Where a managed instance group is, and what stands in front of it. */
export interface GroupReference {
  readonly group: string;
  readonly location: Location;
  /** Global backend service that has the group behind it; without one the load balancer is not asked. */
  readonly backendService?: string | undefined;
  /** Where its clients find it. */
  readonly url?: string | undefined;
}

/** Errors that are older say nothing about what happens now. */
const RECENT_MS = 15 * 60_000;
/** A filter is a part of the address, which has its limits. */
const MOST_NAMES = 40;

/**
 * A managed instance group, seen with four calls a poll: group, instances, autoscaler, backends. What the last attempt on
 * an instance failed with comes with the instances; the group's own list of errors is asked for while the group changes,
 * and when its instances were made once.
 *
 * @param compute opened with one attempt per call: the next poll is the second one
 */
export function groupSource(compute: Compute, place: GroupReference, clock: Pick<Clock, 'now'>): GroupSource {
  const { group: name, backendService, location } = place;
  const there = placed(compute, location);
  const named = { instanceGroupManager: name };
  const ages = groupAges(compute, location);
  let polls = 0;
  let errors: readonly GroupError[] = [];

  return {
    name,
    ...(place.url === undefined ? {} : { url: place.url }),
    sample: (signal) => see(signal).catch((error: unknown) => Promise.reject(polls === 0 ? error : passing(error))),
  };

  async function see(signal: AbortSignal): Promise<GroupSample> {
    const at = clock.now();
    const group = await there.read('instanceGroupManagers.get', named, signal);
    const scaler = { autoscaler: shortName(group.status?.autoscaler) };
    const [managed, autoscaler, backends, failures] = await Promise.all([
      there.read('instanceGroupManagers.listManagedInstances', named, signal),
      scaler.autoscaler ? lookUp(() => there.read('autoscalers.get', scaler, signal)) : undefined,
      backendService && group.instanceGroup
        ? backendHealth(compute, backendService, group.instanceGroup, signal).catch((error: unknown) => {
            // From the beginning it is a name that does not exist; later on only the load balancer went.
            if (polls === 0 || !isGcp(error, 'notFound')) throw error;
            return new Map<string, string>();
          })
        : undefined,
      group.status?.isStable === false ? there.read('instanceGroupManagers.listErrors', named, signal) : undefined,
      ages.ask(signal),
    ]);
    if (failures !== undefined) errors = readErrors(failures);
    ages.see(managed, at);
    polls += 1;
    const recent = errors.filter((error) => error.at === undefined || at - error.at <= RECENT_MS);
    return readGroup({ at, group, managed, autoscaler, backends, errors: recent, createdAt: ages.of });
  }
}

/**
 * What the load balancer finds of the instances of a group, by their names; early on the answer lists nobody.
 *
 * @param group path of the instance group
 */
export async function backendHealth(compute: Compute, backendService: string, group: string, signal: AbortSignal) {
  const input = { backendService, resourceGroupReferenceResource: { group } };
  const { healthStatus } = await compute.read('backendServices.getHealth', input, signal);
  return new Map((healthStatus ?? []).map((each) => [shortName(each.instance), each.healthState || 'UNKNOWN']));
}

/** When the instances of a group were made. The group itself does not tell. */
function groupAges(compute: Compute, location: Location) {
  const known = new Map<string, { readonly madeAt: number | undefined; readonly id: string | undefined }>();
  let [polled, asked] = [false, false];
  return {
    /** Milliseconds since the epoch; undefined where it is not known. */
    of: (name: string) => known.get(name)?.madeAt,
    /**
     * Asks the API of what was there before the first poll, with one call and once only: without the permission, ages
     * stay unknown. Never rejects.
     */
    async ask(signal: AbortSignal): Promise<void> {
      const unknown = [...known].flatMap(([name, { madeAt }]) => (madeAt === undefined ? [name] : []));
      if (asked || unknown.length === 0) return;
      asked = true;
      const filter = `name eq "(${unknown.slice(0, MOST_NAMES).join('|')})"`;
      for (const { name, creationTimestamp } of await listed(compute, location, filter, signal).catch(() => [])) {
        const [madeAt, each] = [Date.parse(creationTimestamp ?? ''), known.get(name ?? '')];
        if (name && each && !Number.isNaN(madeAt)) known.set(name, { ...each, madeAt });
      }
    },
    /**
     * Notes who is there; a new one was made between the poll before and this one, and so was one that was made again
     * under its old name, as autohealing does it.
     */
    see(managed: readonly ManagedInstance[], at: number): void {
      const before = new Map(known);
      known.clear();
      for (const each of managed) {
        const earlier = before.get(nameOf(each));
        // What is not there yet, or not any more, has none.
        const id = Number(each.id ?? 0) === 0 ? earlier?.id : String(each.id);
        const again = earlier?.id !== undefined && id !== earlier.id;
        const fresh = again || (earlier === undefined && (polled || each.currentAction === 'CREATING'));
        known.set(nameOf(each), { madeAt: fresh ? at : earlier?.madeAt, id });
      }
      polled = true;
    },
  };
}

async function listed(
  compute: Compute,
  location: Location,
  filter: string,
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  if ('zone' in location) return compute.read('instances.list', { zone: location.zone, filter }, signal);
  const scopes = await compute.read('instances.aggregatedList', { filter }, signal);
  return scopes.flatMap(([, { instances }]) => instances ?? []);
}
