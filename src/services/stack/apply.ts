import type { PlannedChange } from './change.ts';
import { type Progress, runGraph, type Task } from './graph.ts';
import type { Journal } from './journal.ts';
import { LiveObjects } from './live-objects.ts';
import { type Observation, planChanges } from './plan.ts';
import { noteRemaining } from './remaining.ts';
import type { Desired, Resource, ResourceContext, Target } from './resource.ts';
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
  const objects = liveObjects(target, desired, context);
  const observed = new Map<string, Observation>();
  const [discovered] = await Promise.all([
    target.discover(context),
    ...desired.map(async ({ resource: { key } }) => {
      const live = await objects.find(key);
      if (live !== undefined) observed.set(key, { live, recordedSpec: journal.resource(key)?.spec });
    }),
  ]);
  const wanted = new Set(desired.map(({ resource }) => resource.key));
  const recorded = Object.keys(journal.target.resources).filter((key) => !wanted.has(key) && !discovered.includes(key));
  const found = await Promise.all(recorded.map(async (key) => ((await objects.find(key)) === undefined ? [] : [key])));
  const surplus = [...discovered.filter((key) => !wanted.has(key)), ...found.flat()];
  const changes = planChanges(desired, observed, surplus, {
    status: (key) => journal.resource(key)?.status,
    unseen: (key) => objects.whyUnseen(key),
  });
  return { changes, observed };
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
  for (const [key, { live }] of plan.observed) objects.set(key, live);
  const tasks = tasksOf(target, desired, plan.changes, { ...deps, context: objects.context }, objects);
  try {
    await runGraph(tasks, deps.context.signal);
    await forgetGone(desired, plan, deps.journal);
  } catch (error) {
    noteRemaining(target, deps, 'running the same deploy again continues it');
    throw error;
  }
}

/** Records of what is neither wanted nor there: a run was killed between a removal and noting it. */
async function forgetGone(desired: readonly Desired[], { changes }: ObservedPlan, journal: Journal): Promise<void> {
  const known = new Set([...desired.map(({ resource }) => resource.key), ...changes.map(({ key }) => key)]);
  for (const key of Object.keys(journal.target.resources)) if (!known.has(key)) await journal.record(key, undefined);
}

function tasksOf(
  target: Target,
  desired: readonly Desired[],
  changes: readonly PlannedChange[],
  deps: StepDeps,
  objects: LiveObjects,
): Task[] {
  const actions = new Map(changes.map(({ key, action }) => [key, action]));
  const resources = new Map(desired.map(({ resource }) => [resource.key, resource]));
  const surplus = changes.filter(({ action }) => action === 'remove').map(({ key }) => target.handle(key));
  const goes = (key: string) => actions.get(key) === 'replace' || actions.get(key) === 'remove';
  const going = [...resources.values(), ...surplus].filter(({ key }) => goes(key));
  // The end of what an object is now: a task of its own where something that depends on it has to go before.
  const removal = (resource: Resource<unknown, unknown>, after: readonly string[]): Task => ({
    key: removalOf(resource.key),
    dependsOn: going
      .filter(({ dependsOn }) => dependsOn.includes(resource.key))
      .map(({ key }) => removalOf(key))
      .concat(after),
    async run() {
      const live = await objects.find(resource.key);
      if (live !== undefined) await removeStep(deps, resource, live);
      objects.set(resource.key, undefined);
    },
  });
  const inTheWay = (resource: Resource<unknown, unknown>): boolean =>
    resource.dependsOn.some((key) => goes(key) && (actions.get(key) === 'replace' || parentInTheWay(key)));
  const parentInTheWay = (key: string): boolean => {
    const parent = surplus.find((other) => other.key === key);
    return parent !== undefined && inTheWay(parent);
  };
  const settled = desired.map(({ resource }) => resource.key);
  return [
    ...going.map((resource) => {
      // A service is away for as short as possible: it goes when what it needs is there, unless it stands in the way.
      if (inTheWay(resource)) return removal(resource, []);
      return removal(resource, resources.has(resource.key) ? resource.dependsOn : settled);
    }),
    ...desired.map(
      (wanted): Task => ({
        key: wanted.resource.key,
        dependsOn: [
          ...waitsFor(wanted.resource, actions),
          ...(goes(wanted.resource.key) ? [removalOf(wanted.resource.key)] : []),
        ],
        beside: notWaitedFor(wanted.resource, wanted.resource.beside, actions),
        ahead: notWaitedFor(wanted.resource, wanted.resource.ahead, actions),
        run: (progress) => settle(wanted, actions, deps, objects, progress),
      }),
    ),
  ];
}

const removalOf = (key: string) => `${key} (removal)`;

type Actions = ReadonlyMap<string, PlannedChange['action']>;

function waitsFor({ key, dependsOn, toMake = [] }: Resource<unknown, unknown>, actions: Actions): readonly string[] {
  return actions.get(key) === 'unchanged' ? dependsOn.filter((other) => !toMake.includes(other)) : dependsOn;
}

/** What is made from nothing does not wait until what it needs later on works; what is there and in use does. */
function notWaitedFor(
  { key }: Resource<unknown, unknown>,
  others: readonly string[] = [],
  actions: Actions,
): readonly string[] {
  if (actions.get(key) !== 'create') return [];
  return others.filter((other) => ['create', 'unchanged'].includes(actions.get(other) ?? ''));
}

/** Makes one resource what is wanted of it. */
async function settle(
  wanted: Desired,
  actions: Actions,
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
