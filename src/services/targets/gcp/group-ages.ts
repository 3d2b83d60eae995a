import type { Compute } from './compute.ts';
import type { Instance, ManagedInstance } from './compute-calls.ts';
import { nameOf } from './group-reading.ts';
import type { Location } from './paths.ts';

/** A filter is a part of the address, which has its limits. */
const MOST_NAMES = 40;

/** When the instances of a group were made. The group itself does not tell. */
export function groupAges(compute: Compute, location: Location) {
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
