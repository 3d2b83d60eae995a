import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { TOKEN_SECRET } from '../chain/token.ts';
import { noSuchStack } from './known-stack.ts';
import type { StackPaths } from './paths.ts';
import { atPlace, isUsed, type Place } from './places.ts';
import type { Connection, Provider } from './provider.ts';
import { listSecrets, removeSecrets } from './secrets.ts';
import { type OpenStack, openStack, type StackDeps } from './session.ts';
import { type TeardownReport, teardownTarget } from './teardown.ts';

/**
 * Takes a stack down at some places, one after another in their order; then forgets the secrets that nothing is left for.
 * Nothing has to be known of the stack: what carries its mark is found. Of a stack that nobody here has heard of and of
 * which nothing is found, nothing stays behind, either.
 *
 * @returns one report for each; one with leftovers does not keep the others
 * @throws the first failure, after all others have been tried; RemedyError (exit 2) when there is no such stack
 */
export async function teardownStack(
  paths: StackPaths,
  places: readonly Place[],
  deps: StackDeps,
): Promise<TeardownReport[]> {
  const there = existsSync(paths.folder);
  if (places.length === 0 && !there) return [];
  const known = there || paths.name === 'default';
  const reports: TeardownReport[] = [];
  const failures: unknown[] = [];
  await openStack(paths, deps, async (stack) => {
    for (const place of places) {
      deps.signal.throwIfAborted();
      try {
        reports.push(await atPlace(place, (connection) => teardownOne(paths, place.provider, connection, stack)));
      } catch (error) {
        failures.push(error);
      }
    }
  });
  const foundNothing = reports.every(({ removed, leftovers }) => removed.length + leftovers.length === 0);
  if (!known && foundNothing) await rm(paths.folder, { recursive: true, force: true });
  if (failures.length > 0) throw failures[0];
  if (!known && foundNothing) throw await noSuchStack(paths);
  return reports;
}

async function teardownOne(
  paths: StackPaths,
  provider: Provider,
  connection: Connection,
  stack: OpenStack,
): Promise<TeardownReport> {
  const steps = stack.steps(provider.name);
  const recorded = steps.journal.hasState;
  try {
    const target = await connection.target('teardown', steps.context);
    const report = await teardownTarget(target, steps, async () => {
      if (recorded) await forgetSecrets(paths, provider, stack);
    });
    if (report.leftovers.length === 0) await connection.forget?.();
    return report;
  } catch (error) {
    throw connection.explain?.(error) ?? error;
  }
}

/**
 * The secrets go with the last place. Keys that open a machine of a cloud outlive a teardown of what costs nothing: with
 * its file lost once, the state may know only that.
 */
async function forgetSecrets(paths: StackPaths, { name, billed }: Provider, stack: OpenStack): Promise<void> {
  if (stack.recordedTargets().some((other) => other !== name)) return;
  const others = (await listSecrets(paths)).some((secret) => secret !== TOKEN_SECRET);
  if (!billed && others) return;
  await removeSecrets(paths);
}

/**
 * The places that "everything of this stack" means: those that are recorded, and those of which there are traces beside the
 * state. Without a readable state file that is only the latter; the teardown itself says what is wrong with the file.
 */
export async function placesToTearDown(places: readonly Place[]): Promise<readonly Place[]> {
  const wanted = await Promise.all(places.map(async (place) => ((await isUsed(place)) ? [place] : [])));
  return wanted.flat();
}
