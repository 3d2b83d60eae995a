import { runGraph, type Task } from './graph.ts';
import type { Journal } from './journal.ts';
import { type Observation, type PlannedChange, planChanges } from './plan.ts';
import type { Desired, ResourceContext, Target } from './resource.ts';
import { confirmStep, createStep, removeStep, type StepDeps, updateStep } from './steps.ts';

/** The outcome of looking: what is there, and what would be done about it. */
export interface ObservedPlan {
  readonly changes: readonly PlannedChange[];
  readonly observed: ReadonlyMap<string, Observation>;
}

/** Looks at the world, then plans. Changes nothing. */
export async function observeAndPlan(
  target: Target,
  desired: readonly Desired[],
  journal: Journal,
  context: ResourceContext,
): Promise<ObservedPlan> {
  const wanted = new Set(desired.map(({ resource }) => resource.key));
  const observed = new Map<string, Observation>();
  await Promise.all(
    desired.map(async ({ resource }) => {
      const live = await resource.find(context);
      if (live === undefined) return;
      observed.set(resource.key, { live, recordedSpec: journal.resource(resource.key)?.spec });
    }),
  );
  const surplus = (await target.discover(context)).filter((key) => !wanted.has(key));
  const changes = planChanges(desired, observed, surplus, (key) => journal.resource(key)?.status);
  return { changes, observed };
}

/**
 * Carries a plan out, as parallel as the dependencies allow; what is no longer wanted goes last, when nothing that is
 * wanted points to it any more. Killed at any instant, it is continued by planning and applying again.
 */
export async function applyPlan(
  target: Target,
  desired: readonly Desired[],
  { changes, observed }: ObservedPlan,
  deps: StepDeps,
): Promise<void> {
  const actions = new Map(changes.map((change) => [change.key, change.action]));
  const tasks = desired.map((wanted): Task => {
    const { resource } = wanted;
    const live = observed.get(resource.key)?.live;
    return {
      key: resource.key,
      dependsOn: resource.dependsOn,
      async run() {
        switch (actions.get(resource.key)) {
          case 'create':
            return createStep(deps, wanted);
          case 'update':
            return updateStep(deps, wanted, live);
          case 'replace':
            await removeStep(deps, resource, live);
            return createStep(deps, wanted, 'replace');
          default:
            return confirmStep(deps, wanted, live);
        }
      },
    };
  });
  await runGraph(tasks, deps.context.signal);
  const surplus = changes.filter((change) => change.action === 'remove').map((change) => target.handle(change.key));
  await Promise.all(
    surplus.map(async (resource) => {
      const live = await resource.find(deps.context);
      if (live !== undefined) await removeStep(deps, resource, live);
    }),
  );
}
