import type { Emit } from '../../events.ts';
import type { PlannedChange } from '../stack/change.ts';
import type { StackPaths } from '../stack/paths.ts';
import type { Place } from '../stack/places.ts';
import { type Connection, changesSomething, type Deployed, type Links, type PlannedDeploy } from '../stack/provider.ts';
import { type OpenStack, openStack, type StackDeps } from '../stack/session.ts';
import type { StepDeps } from '../stack/steps.ts';
import type { Endpoints, ServiceDefinition } from '../workloads/service-definition.ts';
import { DeployLinks } from './links.ts';

/** Services that go to one place, and what is asked of it for them. */
export interface Placement {
  readonly place: Place;
  readonly services: readonly ServiceDefinition[];
  readonly request: unknown;
}

/** What became of one placement. */
export interface Deployment extends Deployed {
  readonly stack: string;
  /** The provider's name. */
  readonly target: string;
  readonly services: readonly ServiceDefinition[];
  readonly billed: boolean;
  readonly changes: readonly PlannedChange[];
  /** False after a dry run. */
  readonly applied: boolean;
}

export interface DeployDeps extends StackDeps {
  /**
   * Asked once before the first change, where something costs money; throws to leave everything as it is.
   *
   * @param notes what was reported of costs and of what becomes public
   */
  confirm?(notes: readonly string[]): Promise<void>;
}

interface DeployOptions {
  /** Stop after the plans. */
  readonly dryRun: boolean;
  /** Addresses of services that are no part of this deploy: of the stack, or named by the operator. */
  readonly known: Endpoints;
}

/** One placement at work. */
interface Run {
  readonly placement: Placement;
  readonly connection: Connection;
  readonly steps: StepDeps;
  readonly links: Links;
  /** Names of the services that its own ones need. */
  readonly needs: readonly string[];
}

/**
 * Brings services up on one or several places at the same time: all are planned, one question is asked, and all are
 * applied. A service that needs another is made with that one's address as soon as it is announced, planned once more where
 * the address has changed, and asked for its first answer once the other serves. When one place fails, the others stop
 * where they are; the same command goes on with all of them.
 *
 * @param placements those whose services others need come first: their plans are reported first
 * @throws RemedyError as the places do; of several failures the one that came first. Exit 6 when the stack is locked
 */
export async function runDeploy(
  paths: StackPaths,
  placements: readonly Placement[],
  { dryRun, known }: DeployOptions,
  deps: DeployDeps,
): Promise<Deployment[]> {
  const open: Connection[] = [];
  try {
    return await openStack(paths, deps, async (stack) => {
      for (const { place } of placements) open.push(await place.provider.connect(place.site));
      const together = sharedFate();
      const services = placements.flatMap((each) => each.services);
      const links = new DeployLinks(
        services.map(({ name }) => name),
        known,
        addressesBefore(placements, stack),
      );
      const runs = placements.map((placement, index): Run => {
        const { place, services: own } = placement;
        const steps = together.steps(stack.steps(place.provider.name));
        return {
          placement,
          connection: open[index] as Connection,
          steps: placements.length > 1 ? labelled(steps, labelOf(placement)) : steps,
          links: links.of(own),
          needs: own.flatMap(({ needs }) => needs).filter((need) => !own.some(({ name }) => name === need)),
        };
      });
      const before = runs.map(({ links: { known: seen } }) => seen);
      const plans = await together.all(runs.map((run) => planOf(run, !dryRun)));
      const notes = report(runs, plans);
      if (dryRun) return plans.map((plan, index) => deployment(runs[index] as Run, plan, plan.preview, false));
      const costs = placements.some(
        ({ place }, index) => place.provider.billed && changesSomething(plans[index] as PlannedDeploy),
      );
      if (costs) await deps.confirm?.(notes);
      return together.all(
        runs.map(async (run, index) => {
          await links.certain(run.needs, run.steps.context.signal);
          const plan = isSame(before[index], run.links.known) ? plans[index] : await planOf(run, true);
          const answer = await apply(run, plan as PlannedDeploy);
          links.isUp(run.placement.services, answer.endpoints);
          return answer;
        }),
      );
    });
  } finally {
    await Promise.all(open.map((connection) => connection.close()));
  }
}

function planOf({ placement, connection, steps, links }: Run, make: boolean): Promise<PlannedDeploy> {
  return connection.plan(placement.request, steps, links, { make });
}

async function apply(run: Run, plan: PlannedDeploy): Promise<Deployment> {
  const { journal } = run.steps;
  const { request, auth } = plan;
  await journal.describe({ request, auth, endpoints: plan.preview.endpoints, complete: false });
  const deployed = await plan.apply();
  await journal.describe({ request, auth, endpoints: deployed.endpoints, complete: true });
  return deployment(run, plan, deployed, true);
}

function deployment({ placement, steps }: Run, plan: PlannedDeploy, deployed: Deployed, applied: boolean): Deployment {
  const { place, services } = placement;
  const { name: target, billed } = place.provider;
  return {
    stack: steps.journal.stack,
    target,
    services,
    billed,
    applied,
    ...deployed,
    changes: deployed.changes ?? plan.changes,
  };
}

function addressesBefore(placements: readonly Placement[], stack: OpenStack): Endpoints {
  const found = placements.map(({ place, services }) => {
    const { endpoints } = stack.steps(place.provider.name).journal.target;
    return Object.entries(endpoints).filter(([name]) => services.some((each) => each.name === name));
  });
  return Object.fromEntries(found.flat());
}

function isSame(one: Endpoints | undefined, other: Endpoints): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Reports the plans one after another, with what they mean; returns the texts of the latter. */
function report(runs: readonly Run[], plans: readonly PlannedDeploy[]): string[] {
  const texts: string[] = [];
  const note = (emit: Emit, level: 'info' | 'warn', text: string) => {
    emit({ type: 'note', level, text });
    texts.push(text);
  };
  plans.forEach(({ changes, notes }, index) => {
    const { emit } = (runs[index] as Run).steps.context;
    emit({ type: 'plan', changes });
    for (const { level, text } of notes) note(emit, level, text);
  });
  const sum = costTogether(plans);
  if (sum !== undefined) note((runs[0] as Run).steps.context.emit, 'info', sum);
  return texts;
}

/** What several places cost together, where the price of each is known. */
function costTogether(plans: readonly PlannedDeploy[]): string | undefined {
  const prices = plans.flatMap(({ perHour }) => (perHour === undefined ? [] : [perHour]));
  if (plans.length < 2 || prices.length < plans.length) return undefined;
  const [least, most] = [prices.reduce((sum, { min }) => sum + min, 0), prices.reduce((sum, { max }) => sum + max, 0)];
  const all = plans.length === 2 ? 'both' : 'all';
  return `${all} together: ${least.toFixed(4)} USD to ${most.toFixed(4)} USD per hour, at most ${(most * 24).toFixed(2)} USD a day`;
}

function labelOf({ place, services }: Placement): string {
  return `${services.map(({ name }) => name.toUpperCase()).join(', ')} on ${place.provider.title}`;
}

/** Steps whose plans say whose they are. */
function labelled({ context, ...others }: StepDeps, target: string): StepDeps {
  const emit: Emit = (event) => context.emit(event.type === 'plan' ? { ...event, target } : event);
  return { ...others, context: { ...context, emit } };
}

/** Pieces of work of which the failure of one ends the others; their own ends are waited for. */
function sharedFate() {
  const failed = new AbortController();
  return {
    steps({ context, ...others }: StepDeps): StepDeps {
      return { ...others, context: { ...context, signal: AbortSignal.any([context.signal, failed.signal]) } };
    },
    async all<T>(work: readonly Promise<T>[]): Promise<T[]> {
      let cause: { readonly error: unknown } | undefined;
      const fail = (error: unknown) => {
        cause ??= { error };
        failed.abort(error);
      };
      for (const each of work) each.catch(fail);
      await Promise.allSettled(work);
      if (cause !== undefined) throw cause.error;
      return Promise.all(work);
    },
  };
}
