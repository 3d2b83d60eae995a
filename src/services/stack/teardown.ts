import { type RemedyError, reasonOf, remedy } from '../../errors.ts';
import { reverseGraph, runGraph, type Task } from './graph.ts';
import { LiveObjects } from './live-objects.ts';
import { findAll } from './observe.ts';
import { noteRemaining } from './remaining.ts';
import type { Target } from './resource.ts';
import { stackOption } from './stack-option.ts';
import { removeStep, type StepDeps } from './steps.ts';

export interface TeardownReport {
  readonly target: string;
  readonly removed: readonly string[];
  /** What a last look still found; empty when everything is gone. */
  readonly leftovers: readonly { readonly key: string; readonly reason: string }[];
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
  const steps = { ...deps, context: objects.context };
  const found = await findAll(target, deps, objects);
  const tasks = found.map(
    ({ resource, live }): Task => ({
      key: resource.key,
      dependsOn: resource.dependsOn,
      async run() {
        try {
          await removeStep(steps, resource, live);
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
  const left = await findAll(target, deps);
  const leftovers = left.map(({ resource }) => ({
    key: resource.key,
    reason: failures.get(resource.key) ?? 'still there after it was removed',
  }));
  if (leftovers.length === 0 && journal.hasState) {
    await beforeForgetting?.();
    await journal.forget();
  }
  return { target: target.name, removed: removed.sort(), leftovers };
}

/** The error that a report with leftovers of a stack amounts to. */
export function leftoversError(report: TeardownReport, stack = 'default'): RemedyError {
  const list = report.leftovers.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  return remedy.leftovers('leftovers', `teardown of ${report.target} left something behind: ${list}`, [
    `run it again: chainctl teardown ${report.target}${stackOption(stack)}`,
    `see what is left: chainctl status${stackOption(stack)}`,
  ]);
}
