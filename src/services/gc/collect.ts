import { dirname, join } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { foldersIn } from '../stack/known-stack.ts';
import { stackPaths } from '../stack/paths.ts';
import { atPlace, type Place } from '../stack/places.ts';
import type { MarkedObject, Owned } from '../stack/provider.ts';
import { openStack, type StackDeps } from '../stack/session.ts';
import { readState } from '../stack/state.ts';
import { type TeardownReport, teardownTarget } from '../stack/teardown.ts';

/** A stack of which something is in a cloud that need not be. */
export interface Garbage {
  readonly stack: string;
  readonly reason: 'expired' | 'unknown here';
  readonly objects: readonly MarkedObject[];
  /** Who made them, each once. */
  readonly createdBy: readonly string[];
  /** Made by somebody else: listed, and removed only on request. */
  readonly foreign: boolean;
  /** Age of the oldest object whose age the cloud tells, seconds. */
  readonly ageSeconds?: number | undefined;
  /** USD per hour of what costs by the hour; undefined when a price is not known. */
  readonly perHour?: number | undefined;
}

/** What a place has that need not be there. */
export interface Found {
  readonly place: Place;
  /** The part that was looked into: `{ region }`, `{ project }`. */
  readonly where: Owned['where'];
  readonly garbage: readonly Garbage[];
  /** Stacks that this machine knows to be there. */
  readonly known: ReadonlySet<string>;
}

interface Chosen {
  readonly at: Found;
  readonly garbage: Garbage;
}

export interface Removed extends Chosen {
  readonly report: TeardownReport;
}

export interface Unseen {
  readonly target: string;
  readonly reason: string;
}

/**
 * Looks at places for what need not be there; see {@link garbageOf}.
 *
 * @param places of any stack: which one is meant does not matter to a look at everything
 * @param named one place was named: that it cannot be looked at is then an error
 */
export async function findGarbage(
  home: string,
  places: readonly Place[],
  { named }: { readonly named: boolean },
  { clock, signal }: Pick<StackDeps, 'clock' | 'signal'>,
): Promise<{ readonly found: readonly Found[]; readonly unseen: readonly Unseen[] }> {
  const found: Found[] = [];
  const unseen: Unseen[] = [];
  for (const place of places) {
    const { provider, site } = place;
    const skip = (reason: string) => unseen.push({ target: provider.name, reason });
    if (!named && (await provider.isConfigured?.(site)) === false) {
      skip(`nothing here speaks of credentials for ${provider.title}`);
      continue;
    }
    try {
      const owned = await atPlace(place, async (connection) => connection.owned?.());
      if (owned === undefined) continue;
      const known = await knownStacks(home, provider.name, owned.isHere);
      found.push({ place, where: owned.where, garbage: garbageOf(owned, known, clock.now()), known });
    } catch (error) {
      signal.throwIfAborted();
      if (named) throw error;
      skip(reasonOf(error));
    }
  }
  return { found, unseen };
}

const STACK_NAME = /^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/;

/**
 * Decides what is garbage: a stack that has passed its time, or one that this machine knows nothing of.
 * In a shared account the latter may be a colleague's: it is marked. Pure.
 *
 * @param known stacks that this machine knows to be there
 * @param now milliseconds since the epoch
 */
export function garbageOf(
  { objects, createdBy, perHour, decisiveKind }: Omit<Owned, 'where' | 'isHere'>,
  known: ReadonlySet<string>,
  now: number,
): Garbage[] {
  // A marker can be written by anybody, and a stack's name is also a folder's.
  const named = objects.filter(({ stack }) => STACK_NAME.test(stack));
  const stacks = Map.groupBy(named, ({ stack }) => stack);
  return [...stacks].flatMap(([stack, own]): Garbage[] => {
    const decisive = own.filter(({ kind }) => kind === decisiveKind);
    const ends = own.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [Date.parse(expiresAt)]));
    // What was made later with the same limit has a later end.
    const isOver = ends.every((end) => end < now);
    const expired = isOver && (decisive.length > 0 ? decisive : own).every(({ expiresAt }) => expiresAt !== undefined);
    if (!expired && known.has(stack)) return [];
    const makers = [...new Set(own.map((each) => each.createdBy))].sort();
    const born = own.flatMap(({ createdAt }) => (createdAt === undefined ? [] : [Date.parse(createdAt)]));
    return [
      {
        stack,
        reason: expired ? 'expired' : 'unknown here',
        objects: own,
        createdBy: makers,
        foreign: !known.has(stack) && makers.some((maker) => maker !== createdBy),
        ageSeconds: born.length === 0 ? undefined : (now - Math.min(...born)) / 1000,
        perHour: perHour(own),
      },
    ];
  });
}

/**
 * Removes one stack's objects the way a teardown does. A stack that this machine has elsewhere, or not at all, is worked on
 * in a folder apart, so that what is recorded of the other one stays.
 */
async function removeGarbage(home: string, { at, garbage }: Chosen, deps: StackDeps): Promise<TeardownReport> {
  const { stack } = garbage;
  const { provider, site } = at.place;
  const paths = stackPaths(at.known.has(stack) ? home : join(home, 'gc', ...Object.values(at.where)), stack);
  const record = (await readState(paths.state))?.targets[provider.name];
  return atPlace({ provider, site: { ...site, paths, record } }, (connection) =>
    openStack(paths, deps, async (open) => {
      const steps = open.steps(provider.name);
      return teardownTarget(await connection.target('teardown', steps.context), steps);
    }),
  );
}

/**
 * {@link removeGarbage} for several stacks, one after another: one that fails does not keep the others.
 *
 * @throws the first failure, after all others have been tried, and after a warning for each stack that was removed
 */
export async function removeAll(home: string, chosen: readonly Chosen[], deps: StackDeps): Promise<Removed[]> {
  const removed: Removed[] = [];
  const failures: unknown[] = [];
  for (const each of chosen) {
    if (deps.signal.aborted) break;
    try {
      removed.push({ ...each, report: await removeGarbage(home, each, deps) });
    } catch (error) {
      failures.push(error);
    }
  }
  if (removed.length === chosen.length) return removed;
  for (const { at, garbage, report } of removed) {
    const left = report.leftovers.map(({ key }) => key).join(', ');
    const where = Object.values(at.where).join(', ');
    const gone = report.removed.join(', ') || 'nothing';
    const text = `removed of ${garbage.stack} in ${where}: ${gone}${left === '' ? '' : `; still there: ${left}`}`;
    deps.emit({ type: 'note', level: 'warn', text });
  }
  deps.signal.throwIfAborted();
  throw failures[0];
}

/** Stacks whose state on this machine says that they are in one place of a cloud; an unreadable state counts as knowing. */
async function knownStacks(home: string, target: string, isHere: Owned['isHere']): Promise<Set<string>> {
  const names = await foldersIn(dirname(stackPaths(home, 'any').folder));
  const known = await Promise.all(
    names.map(async (name) => {
      try {
        const record = (await readState(stackPaths(home, name).state))?.targets[target];
        return record !== undefined && isHere(record.request) ? [name] : [];
      } catch {
        return [name];
      }
    }),
  );
  return new Set(known.flat());
}
