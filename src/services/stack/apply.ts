import type { PlannedChange } from './change.ts';
import { type Progress, runGraph, type Task } from './graph.ts';
import type { Journal } from './journal.ts';
import { LiveObjects } from './live-objects.ts';
import { planChanges } from './plan.ts';
import type { Desired, Resource, ResourceContext, Target } from './resource.ts';
import { confirmStep, createStep, noteRemaining, removeStep, type StepDeps, updateStep } from './steps.ts';

/** The outcome of looking: what is there, by key, and what would be done about it. */
export interface ObservedPlan {
  readonly changes: readonly PlannedChange[];
  readonly observed: ReadonlyMap<string, unknown>;
}

/** Looks at the world and plans, and changes nothing. */
export async function observeAndPlan(
  target: Target,
  desired: readonly Desired[],
  journal: Journal,
  context: ResourceContext,
): Promise<ObservedPlan> {
  const objects = liveObjects(target, desired, context);
  const wanted = desired.map(({ resource }) => resource.key);
  const [discovered, ...lives] = await Promise.all([
    target.discover(context),
    ...wanted.map((key) => objects.find(key)),
  ]);
  const observed = new Map(
    wanted.flatMap((key, index) => (lives[index] === undefined ? [] : [[key, lives[index]] as const])),
  );
  const unwanted = [...new Set([...discovered, ...recordedKeys(target, journal)])].filter(
    (key) => !wanted.includes(key),
  );
  const found = await Promise.all(
    unwanted.map(async (key) => discovered.includes(key) || (await objects.find(key)) !== undefined),
  );
  const surplus = unwanted.filter((_, index) => found[index]);
  return { changes: planChanges(desired, observed, surplus, { journal, objects }), observed };
}

function recordedKeys({ concerns = () => true }: Target, journal: Journal): string[] {
  return Object.keys(journal.target.resources).filter(concerns);
}

function liveObjects(target: Target, desired: readonly Desired[], context: ResourceContext): LiveObjects {
  const resources = new Map(desired.map(({ resource }) => [resource.key, resource]));
  return new LiveObjects(context, (key) => resources.get(key) ?? target.handle(key));
}

/**
 * Carries a plan out, as parallel as the dependencies allow. What stands in the way of a replacement (its dependents that
 * are replaced, too, or not wanted any more) is removed before it; what else is no longer wanted goes last, when nothing
 * that is wanted points to it. Killed at any instant, it is continued by planning and applying again. When it ends early,
 * a warning says what exists so far.
 */
export async function applyPlan(
  target: Target,
  desired: readonly Desired[],
  plan: ObservedPlan,
  deps: StepDeps,
): Promise<void> {
  const objects = liveObjects(target, desired, deps.context);
  for (const [key, live] of plan.observed) objects.set(key, live);
  const tasks = tasksOf(target, desired, plan.changes, { ...deps, context: objects.context }, objects);
  try {
    await runGraph(tasks, deps.context.signal);
    // Records of what is neither wanted nor there: a run was killed between a removal and noting it.
    const known = new Set(plan.changes.map(({ key }) => key));
    const { journal } = deps;
    for (const key of recordedKeys(target, journal)) if (!known.has(key)) await journal.record(key, undefined);
  } catch (error) {
    noteRemaining(target, deps, 'running the same deploy again continues it');
    throw error;
  }
}

function tasksOf(
  target: Target,
  desired: readonly Desired[],
  changes: readonly PlannedChange[],
  deps: StepDeps,
  objects: LiveObjects,
): Task[] {
  const actions = new Map(changes.map(({ key, action }) => [key, action]));
  const wanted = desired.map(({ resource }) => resource);
  const surplus = changes.filter(({ action }) => action === 'remove').map(({ key }) => target.handle(key));
  const going = [...wanted.filter(({ key }) => actions.get(key) === 'replace'), ...surplus];
  const inTheWay = ({ dependsOn }: Resource<unknown, unknown>): boolean =>
    dependsOn.some(
      (key) => actions.get(key) === 'replace' || surplus.some((each) => each.key === key && inTheWay(each)),
    );
  const after = (resource: Resource<unknown, unknown>): readonly string[] => {
    if (inTheWay(resource)) return [];
    // A service is away for as short as possible: it goes when what it needs is there.
    return surplus.includes(resource) ? wanted.map(({ key }) => key) : resource.dependsOn;
  };
  return [
    // The end of what an object is now: a task of its own where something that depends on it has to go before.
    ...going.map((resource): Task => {
      const { key } = resource;
      const dependents = going.filter(({ dependsOn }) => dependsOn.includes(key));
      return {
        key: removalOf(key),
        dependsOn: [...dependents.map((each) => removalOf(each.key)), ...after(resource)],
        async run() {
          const live = await objects.find(key);
          if (live !== undefined) await removeStep(deps, resource, live);
          objects.set(key, undefined);
        },
      };
    }),
    ...desired.map((each): Task => {
      const { key, dependsOn, beside = [], ahead = [], toMake = [] } = each.resource;
      const isAsWanted = actions.get(key) === 'unchanged';
      // What is made from nothing does not wait until what it needs later on works; what is there and in use does.
      const early = (other: string) =>
        actions.get(key) === 'create' && ['create', 'unchanged'].includes(actions.get(other) ?? '');
      return {
        key,
        // Its own removal is among the tasks where it is replaced.
        dependsOn: [...dependsOn.filter((other) => !isAsWanted || !toMake.includes(other)), removalOf(key)],
        beside: beside.filter(early),
        ahead: ahead.filter(early),
        run: (progress) => settle(each, actions, deps, objects, progress),
      };
    }),
  ];
}

const removalOf = (key: string) => `${key} (removal)`;

async function settle(
  wanted: Desired,
  actions: ReadonlyMap<string, PlannedChange['action']>,
  deps: StepDeps,
  objects: LiveObjects,
  progress: Progress,
): Promise<void> {
  const { key, dependsOn } = wanted.resource;
  const action = actions.get(key) as PlannedChange['action'];
  // What it depends on may have taken it along, or left it another one than was seen.
  if (dependsOn.some((dependency) => actions.get(dependency) !== 'unchanged')) objects.forget(key);
  const live = action === 'create' || action === 'replace' ? undefined : await objects.find(key);
  if (live === undefined) await createStep(deps, wanted, action === 'replace' ? 'replace' : 'create', progress);
  else if (action === 'update') await updateStep(deps, wanted, live);
  else {
    progress.isThere();
    await confirmStep(deps, wanted, live);
  }
  objects.forget(key);
}
