import type { Emit } from '../../events.ts';
import { TOKEN_SECRET } from '../chain/token.ts';
import type { PlannedChange } from '../stack/change.ts';
import type { StackPaths } from '../stack/paths.ts';
import type { Place } from '../stack/places.ts';
import type { Connection, Deployed, Links, Note, PlannedDeploy } from '../stack/provider.ts';
import { secretPath } from '../stack/secrets.ts';
import { type OpenStack, openStack, type StackDeps } from '../stack/session.ts';
import type { StepDeps } from '../stack/steps.ts';
import type { Endpoints, ServiceDefinition } from '../workloads/service-definition.ts';
import { deployLinks, refuseCircle } from './links.ts';

/** Services that go to one place, and what is asked of it for them. */
export interface Placement {
  readonly place: Place;
  readonly services: readonly ServiceDefinition[];
  readonly request: unknown;
}

export interface Deployment extends Deployed {
  readonly stack: string;
  /** The provider's name. */
  readonly target: string;
  readonly services: readonly ServiceDefinition[];
  readonly billed: boolean;
  readonly changes: readonly PlannedChange[];
  /** False after a dry run. */
  readonly applied: boolean;
  /** Where the token is that the services ask for, if they ask for one. */
  readonly tokenFile?: string;
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
  readonly dryRun: boolean;
  /** Addresses of services that are no part of this deploy: of the stack, or named by the operator. */
  readonly known: Endpoints;
}

interface Run extends Placement {
  readonly connection: Connection;
  readonly steps: StepDeps;
  readonly links: Links;
}

interface PlannedRun extends Run {
  readonly plan: PlannedDeploy;
  /** The addresses that it was planned with. */
  readonly seen: Endpoints;
}

/**
 * Brings services up on one or several places at the same time: all are planned, one question is asked, and all are
 * applied. A service that needs another is made with that one's address as soon as it is announced, planned once more where
 * the address has changed, and asked for its first answer once the other serves. When one place fails, the others stop
 * where they are; the same command goes on with all of them.
 *
 * @param placements those whose services others need come first: their plans are reported first
 * @throws RemedyError as the places do; of several failures the one that came first. Exit 6 when the stack is locked, 2
 *   when places need each other's addresses
 */
export async function runDeploy(
  paths: StackPaths,
  placements: readonly Placement[],
  { dryRun, known }: DeployOptions,
  deps: DeployDeps,
): Promise<Deployment[]> {
  refuseCircle(placements.map(({ services }) => services));
  const open: Connection[] = [];
  try {
    return await openStack(paths, deps, async (stack) => {
      for (const { place } of placements) open.push(await place.provider.connect(place.site));
      const names = placements.flatMap(({ services }) => services.map(({ name }) => name));
      const links = deployLinks(names, known, addressesBefore(placements, stack));
      const failed = new AbortController();
      const runs = placements.map((placement, index): Run => {
        const { context, ...steps } = stack.steps(placement.place.provider.name);
        const signal = AbortSignal.any([context.signal, failed.signal]);
        const emit = placements.length > 1 ? labelled(context.emit, placement) : context.emit;
        return {
          ...placement,
          connection: open[index] as Connection,
          steps: { ...steps, context: { ...context, signal, emit } },
          links: links.of(placement.services),
        };
      });
      // Shared fate: the failure of one ends the others, whose own ends are waited for.
      const together = async <T>(work: readonly Promise<T>[]): Promise<T[]> => {
        for (const each of work) each.catch((error: unknown) => failed.abort(error));
        await Promise.allSettled(work);
        failed.signal.throwIfAborted();
        return Promise.all(work);
      };
      const planned = await together(runs.map((run) => planOf(run, !dryRun)));
      const notes = report(planned);
      if (dryRun) return planned.map((run) => deployment(run, run.plan.preview, false));
      const changes = planned.filter(({ plan }) => plan.changes.some(({ action }) => action !== 'unchanged'));
      if (changes.some(({ place }) => place.provider.billed)) await deps.confirm?.(notes);
      return together(
        planned.map(async (run) => {
          const { services } = run;
          const needs = services
            .flatMap((each) => each.needs)
            .filter((need) => !services.some((own) => own.name === need));
          await links.certain(needs, run.steps.context.signal);
          const isSame = JSON.stringify(run.seen) === JSON.stringify(run.links.known);
          const answer = await apply(isSame ? run : await planOf(run, true));
          links.isUp(services, answer.endpoints);
          return answer;
        }),
      );
    });
  } finally {
    await Promise.all(open.map((connection) => connection.close()));
  }
}

async function planOf(run: Run, make: boolean): Promise<PlannedRun> {
  const seen = run.links.known;
  return { ...run, seen, plan: await run.connection.plan(run.request, run.steps, run.links, { make }) };
}

async function apply(run: PlannedRun): Promise<Deployment> {
  const { plan, steps } = run;
  const { request, auth, preview } = plan;
  await steps.journal.describe({ request, auth, endpoints: preview.endpoints, complete: false });
  const deployed = await plan.apply();
  await steps.journal.describe({ request, auth, endpoints: deployed.endpoints, complete: true });
  return deployment(run, deployed, true);
}

function deployment({ place, services, steps, plan }: PlannedRun, deployed: Deployed, applied: boolean): Deployment {
  const { name: target, billed } = place.provider;
  const token = plan.auth === 'token' ? { tokenFile: secretPath(place.site.paths, TOKEN_SECRET) } : {};
  return {
    stack: steps.journal.stack,
    target,
    services,
    billed,
    applied,
    changes: plan.changes,
    ...token,
    ...deployed,
  };
}

function addressesBefore(placements: readonly Placement[], stack: OpenStack): Endpoints {
  const found = placements.map(({ place, services }) => {
    const { endpoints } = stack.steps(place.provider.name).journal.target;
    return Object.entries(endpoints).filter(([name]) => services.some((each) => each.name === name));
  });
  return Object.fromEntries(found.flat());
}

const NO_TOKEN_ANY_MORE: Note = {
  level: 'warn',
  text: 'no token any more: the services are open to whoever reaches them; --auth token keeps it',
};

/** Reports the plans one after another, with what they mean; returns the texts of the latter. */
function report(runs: readonly PlannedRun[]): string[] {
  const texts: string[] = [];
  const note = (emit: Emit, { level, text }: Note) => {
    emit({ type: 'note', level, text });
    texts.push(text);
  };
  for (const { plan, steps } of runs) {
    steps.context.emit({ type: 'plan', changes: plan.changes });
    if (plan.auth === 'none' && steps.journal.target.auth === 'token') note(steps.context.emit, NO_TOKEN_ANY_MORE);
    for (const each of plan.notes) note(steps.context.emit, each);
  }
  const sum = costTogether(runs.map(({ plan }) => plan));
  if (sum !== undefined && runs[0] !== undefined) note(runs[0].steps.context.emit, { level: 'info', text: sum });
  return texts;
}

/** What several places cost together, where the price of each is known. */
function costTogether(plans: readonly PlannedDeploy[]): string | undefined {
  const prices = plans.flatMap(({ perHour }) => perHour ?? []);
  if (plans.length < 2 || prices.length < plans.length) return undefined;
  const [least, most] = [prices.reduce((sum, { min }) => sum + min, 0), prices.reduce((sum, { max }) => sum + max, 0)];
  const all = plans.length === 2 ? 'both' : 'all';
  return `${all} together: ${least.toFixed(4)} USD to ${most.toFixed(4)} USD per hour, at most ${(most * 24).toFixed(2)} USD a day`;
}

function labelled(emit: Emit, { place, services }: Placement): Emit {
  const target = `${services.map(({ name }) => name.toUpperCase()).join(', ')} on ${place.provider.title}`;
  return (event) => emit(event.type === 'plan' ? { ...event, target } : event);
}
