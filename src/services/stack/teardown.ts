import { existsSync } from 'node:fs';
import { type RemedyError, reasonOf, remedy } from '../../errors.ts';
import { TOKEN_SECRET } from '../chain/token.ts';
import { reverseGraph, runGraph, type Task } from './graph.ts';
import { noSuchStack } from './known-stack.ts';
import { LiveObjects, lookAtAll } from './live-objects.ts';
import type { StackPaths } from './paths.ts';
import { atPlace, isUsed, type Place } from './places.ts';
import type { Connection, Provider } from './provider.ts';
import type { Target } from './resource.ts';
import { CARRIED, listSecrets, removeSecrets } from './secrets.ts';
import { type OpenStack, openStack, type StackDeps } from './session.ts';
import { stackOption } from './stack-option.ts';
import { noteRemaining, removeStep, type StepDeps } from './steps.ts';

export interface TeardownReport {
  readonly target: string;
  readonly removed: readonly string[];
  /** What a last look still found; empty when everything is gone. */
  readonly leftovers: readonly { readonly key: string; readonly reason: string }[];
}

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
        reports.push(await atPlace(place, (connection) => teardownOne(place, connection, stack)));
      } catch (error) {
        failures.push(error);
      }
    }
  });
  const foundNothing = reports.every(({ removed, leftovers }) => removed.length + leftovers.length === 0);
  if (failures.length > 0) throw failures[0];
  if (!known && foundNothing) throw await noSuchStack(paths);
  return reports;
}

async function teardownOne(
  { provider, site: { paths } }: Place,
  connection: Connection,
  stack: OpenStack,
): Promise<TeardownReport> {
  const steps = stack.steps(provider.name);
  // Where its record was lost, the other places' may have been, too.
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
  const others = (await listSecrets(paths)).some((secret) => secret !== TOKEN_SECRET && !secret.startsWith(CARRIED));
  if (billed || !others) await removeSecrets(paths);
}

/**
 * The places that "everything of this stack" means: those that are recorded, and those of which there are traces beside the
 * state. Without a readable state file that is only the latter; the teardown itself says what is wrong with the file.
 */
export async function placesToTearDown(places: readonly Place[]): Promise<readonly Place[]> {
  const wanted = await Promise.all(places.map(isUsed));
  return places.filter((_, index) => wanted[index]);
}

/**
 * Takes a target down: what the state names and what a sweep finds is removed in reverse order of dependency, then
 * swept for again; only when nothing is found is the target forgotten. Works with the state file lost. One removal that
 * fails does not keep the others.
 *
 * @param beforeForgetting what goes with a recorded target; while its record stands, another run does it again
 */
export async function teardownTarget(
  target: Target,
  deps: StepDeps,
  beforeForgetting?: () => Promise<void>,
): Promise<TeardownReport> {
  const { context, journal } = deps;
  const removed: string[] = [];
  const failures = new Map<string, string>();
  const objects = new LiveObjects(context, (key) => target.handle(key));
  const find = async (known?: LiveObjects) =>
    (await lookAtAll(target, journal.target.resources, context, known)).filter(({ live }) => live !== undefined);
  const tasks = (await find(objects)).map(
    ({ resource, live }): Task => ({
      key: resource.key,
      dependsOn: resource.dependsOn,
      async run() {
        try {
          await removeStep({ ...deps, context: objects.context }, resource, live);
          removed.push(resource.key);
        } catch (error) {
          if (context.signal.aborted) throw error;
          failures.set(resource.key, reasonOf(error).replace(`${resource.key}: `, ''));
        }
      },
    }),
  );
  try {
    await runGraph(reverseGraph(tasks), context.signal);
  } catch (error) {
    noteRemaining(target, deps);
    throw error;
  }
  const leftovers = (await find()).map(({ resource: { key } }) => ({
    key,
    reason: failures.get(key) ?? 'still there after it was removed',
  }));
  if (leftovers.length === 0 && journal.hasState) {
    await beforeForgetting?.();
    await journal.forget();
  }
  return { target: target.name, removed: removed.sort(), leftovers };
}

/** The error that a report with leftovers of a stack amounts to. */
export function leftoversError({ target, leftovers }: TeardownReport, stack: string): RemedyError {
  const list = leftovers.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  return remedy.leftovers('leftovers', `teardown of ${target} left something behind: ${list}`, [
    `run it again: chainctl teardown ${target}${stackOption(stack)}`,
    `see what is left: chainctl status${stackOption(stack)}`,
  ]);
}
