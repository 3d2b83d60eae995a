import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, reasonOf } from '../../errors.ts';
import { type StackPaths, stackPaths } from '../stack/paths.ts';
import { atPlace } from '../stack/places.ts';
import type { Owned, Provider, Site } from '../stack/provider.ts';
import { type StackDeps, withStack } from '../stack/session.ts';
import { readState, type TargetRecord } from '../stack/state.ts';
import { type TeardownReport, teardownTarget } from '../stack/teardown.ts';
import { type Garbage, garbageOf } from './garbage.ts';

/** A place, and how it is used for one stack or another. */
export interface Lookout {
  readonly provider: Provider;
  siteOf(paths: StackPaths): Site;
}

/** What a place has that need not be there. */
export interface Found {
  readonly lookout: Lookout;
  /** The part that was looked into: `{ region }`, `{ project }`. */
  readonly where: Owned['where'];
  readonly garbage: readonly Garbage[];
  /** Stacks that this machine knows to be there. */
  readonly known: ReadonlySet<string>;
}

/** A stack that is to be removed, and where. */
interface Chosen {
  readonly at: Found;
  readonly garbage: Garbage;
}

/** A place that could not be looked at. */
export interface Unseen {
  readonly target: string;
  readonly reason: string;
}

/** Which stack is meant does not matter to a look at everything. */
const ANY_STACK = 'default';

/**
 * Looks at places for what need not be there; see `garbageOf`.
 *
 * @param named one place was named: that it cannot be looked at is then an error
 */
export async function findGarbage(
  home: string,
  lookouts: readonly Lookout[],
  { named }: { readonly named: boolean },
  { clock, signal }: Pick<StackDeps, 'clock' | 'signal'>,
): Promise<{ readonly found: readonly Found[]; readonly unseen: readonly Unseen[] }> {
  const found: Found[] = [];
  const unseen: Unseen[] = [];
  for (const lookout of lookouts) {
    const { provider } = lookout;
    const site = lookout.siteOf(stackPaths(home, ANY_STACK));
    const skip = (reason: string) => unseen.push({ target: provider.name, reason });
    if (!named && (await provider.isConfigured?.(site)) === false) {
      skip(`nothing here speaks of credentials for ${provider.title}`);
      continue;
    }
    try {
      const owned = await atPlace({ provider, site }, async (connection) => connection.owned?.());
      if (owned === undefined) continue;
      const known = await knownStacks(home, provider.name, owned.isHere);
      const garbage = garbageOf({ ...owned, known, now: clock.now() });
      found.push({ lookout, where: owned.where, garbage, known });
    } catch (error) {
      signal.throwIfAborted();
      if (named) throw error;
      skip(reasonOf(error));
    }
  }
  return { found, unseen };
}

/**
 * Removes one stack's objects the way a teardown does. A stack that this machine has elsewhere, or not at all, is worked on
 * in a folder apart, so that what is recorded of the other one stays.
 */
async function removeGarbage(
  home: string,
  { lookout, where, known }: Found,
  { stack }: Garbage,
  deps: StackDeps,
): Promise<TeardownReport> {
  const { provider } = lookout;
  const paths = stackPaths(known.has(stack) ? home : join(home, 'gc', ...Object.values(where)), stack);
  const record = (await readState(paths.state))?.targets[provider.name];
  return atPlace({ provider, site: { ...lookout.siteOf(paths), record } }, (connection) =>
    withStack(paths, provider.name, deps, async (steps) =>
      teardownTarget(await connection.target('teardown', steps.context), steps),
    ),
  );
}

/**
 * {@link removeGarbage} for several stacks, one after another: one that fails does not keep the others.
 *
 * @throws the first failure, after all others have been tried
 */
export async function removeAll(
  home: string,
  chosen: readonly Chosen[],
  deps: StackDeps,
): Promise<(Chosen & { readonly report: TeardownReport })[]> {
  const removed: (Chosen & { readonly report: TeardownReport })[] = [];
  const failures: unknown[] = [];
  for (const each of chosen) {
    try {
      removed.push({ ...each, report: await removeGarbage(home, each.at, each.garbage, deps) });
    } catch (error) {
      deps.signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return removed;
}

/**
 * Stacks whose state on this machine says that they are in one place of a cloud; an unreadable state counts as knowing.
 *
 * @param home chainctl's own folder
 * @param isHere whether a recorded request means that place
 */
async function knownStacks(
  home: string,
  target: string,
  isHere: (request: TargetRecord['request']) => boolean,
): Promise<Set<string>> {
  const names = await readdir(join(home, 'stacks')).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
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
