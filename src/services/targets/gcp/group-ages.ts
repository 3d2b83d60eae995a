import type { Compute } from './compute.ts';
import type { Instance, ManagedInstance } from './compute-calls.ts';
import { nameOf } from './group-reading.ts';
import type { Location } from './paths.ts';

/** A filter is a part of the address, which has its limits. */
const MOST_NAMES = 40;

/** When the instances of a group were made. The group itself does not tell. */
export interface GroupAges {
  /** Milliseconds since the epoch; undefined where it is not known. */
  of(name: string): number | undefined;
  /** Whether one call may tell more: something was there before anybody looked. */
  readonly wanted: boolean;
  /** Asks the API, with one call and once only: without the permission, ages stay unknown. Never rejects. */
  ask(signal: AbortSignal): Promise<void>;
  /**
   * Notes who is there; who is new was made between the look before and this one, and so was one that was made anew
   * under its old name, as autohealing does it.
   */
  see(managed: readonly ManagedInstance[], at: number): void;
}

export function groupAges(compute: Compute, location: Location): GroupAges {
  const made = new Map<string, number | undefined>();
  const ids = new Map<string, string>();
  let looks = 0;
  let asked = false;
  const unknown = () => [...made].flatMap(([name, at]) => (at === undefined ? [name] : [])).slice(0, MOST_NAMES);
  return {
    of: (name) => made.get(name),
    get wanted() {
      return !asked && unknown().length > 0;
    },
    async ask(signal) {
      asked = true;
      const filter = `name eq "(${unknown().join('|')})"`;
      const found = await listed(compute, location, filter, signal).catch(() => []);
      for (const { name, creationTimestamp } of found) {
        const at = Date.parse(creationTimestamp ?? '');
        if (name && made.has(name) && !Number.isNaN(at)) made.set(name, at);
      }
    },
    see(managed, at) {
      const names = new Set(managed.map(nameOf));
      for (const name of made.keys()) if (!names.has(name)) made.delete(name);
      for (const name of ids.keys()) if (!names.has(name)) ids.delete(name);
      for (const each of managed) {
        const name = nameOf(each);
        // What is not there yet, or not any more, has none.
        const id = Number(each.id ?? 0) === 0 ? undefined : String(each.id);
        const known = ids.get(name);
        const anew = id !== undefined && known !== undefined && id !== known;
        const fresh = looks > 0 || each.currentAction === 'CREATING';
        if (anew || !made.has(name)) made.set(name, fresh ? at : undefined);
        if (id !== undefined) ids.set(name, id);
      }
      looks += 1;
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
