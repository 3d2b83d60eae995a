import type { Emit, Event } from '../../events.ts';
import type { PlannedChange } from '../stack/change.ts';
import type { StackPaths } from '../stack/paths.ts';
import { changesSomething } from '../stack/planned.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { openStack, type StackDeps } from '../stack/session.ts';
import type { StepDeps } from '../stack/steps.ts';
import { type AwsDeployment, type AwsPlanDeps, planAws } from '../targets/aws/deploy.ts';
import type { AwsRequest } from '../targets/aws/request.ts';
import { type GcpDeployment, type GcpPlanDeps, planGcp } from '../targets/gcp/deploy.ts';
import type { GcpRequest } from '../targets/gcp/request.ts';

export interface AllDeployment {
  readonly stack: string;
  readonly target: 'all';
  readonly gcp: GcpDeployment;
  readonly aws: AwsDeployment;
  readonly applied: boolean;
  readonly endpoints: { readonly a?: string | undefined; readonly b?: string | undefined };
}

/** What is asked of A's side; B's address comes from the other. */
export type AwsPart = Omit<AwsRequest, 'bUrl'>;

export interface AllDeps extends StackDeps {
  readonly gcp: GcpPlanDeps;
  /** @param answerable what A waits for before it is asked for its first answer */
  aws(request: AwsRequest, answerable: (context: ResourceContext) => Promise<void>): AwsPlanDeps;
  /** Asked once, before the first change on either cloud; throws to leave everything as it is. */
  confirm?(changes: readonly PlannedChange[]): Promise<void>;
}

/** Where B will be, in a plan that is made before its address is reserved. */
const ADDRESS_TO_COME = 'http://new-address.invalid';

/**
 * Brings both sides of a stack up at the same time: B's address is reserved first, A is made with it while the group of B
 * comes up, and A's first answer is asked for once B serves. When one side fails, the other stops where it is; the same
 * command goes on with both.
 *
 * @param dryRun stop after the plans
 * @throws RemedyError as `deployGcp` and `deployAws` do; of two failures the one that came first
 */
export async function deployAll(
  paths: StackPaths,
  request: { readonly gcp: GcpRequest; readonly aws: AwsPart },
  { dryRun }: { readonly dryRun: boolean },
  deps: AllDeps,
): Promise<AllDeployment> {
  return openStack(paths, deps, async (stack) => {
    const together = sharedFate();
    const gcpSteps = told(together.steps(stack.steps('gcp')), 'B on GCP');
    const { steps: awsSteps, release } = tellLater(told(together.steps(stack.steps('aws')), 'A on AWS'));
    const known = gcpSteps.journal.target.endpoints.b;
    const address = Promise.withResolvers<string>();
    const serves = Promise.withResolvers<void>();
    const answerable = (context: ResourceContext) => untilServes(serves.promise, context);
    const planA = (bUrl: string, tell: boolean) => {
      const asked = { ...request.aws, bUrl };
      return planAws(paths, asked, { make: !dryRun, tell }, awsSteps, deps.aws(asked, answerable));
    };
    const [gcp, first] = await together
      .all([
        planGcp(paths, request.gcp, { make: !dryRun }, gcpSteps, { ...deps.gcp, onAddress: address.resolve }),
        planA(known ?? ADDRESS_TO_COME, true),
      ])
      .finally(release);
    const answer = (b: GcpDeployment, a: AwsDeployment): AllDeployment => ({
      ...{ stack: paths.name, target: 'all', gcp: b, aws: a, applied: a.applied && b.applied },
      endpoints: { a: a.endpoints.a, b: b.endpoints.b },
    });
    for (const text of bothCost(gcp.preview, first.preview))
      awsSteps.context.emit({ type: 'note', level: 'info', text });
    if (dryRun) return answer(gcp.preview, first.preview);
    if (changesSomething(gcp) || changesSomething(first)) await deps.confirm?.([...gcp.changes, ...first.changes]);
    const bringBUp = async () => {
      const deployed = await gcp.apply();
      serves.resolve();
      return deployed;
    };
    const bringAUp = async () => {
      const bUrl = await orAborted(address.promise, awsSteps.context.signal);
      return (bUrl === known ? first : await planA(bUrl, false)).apply();
    };
    return answer(...(await together.all([bringBUp(), bringAUp()])));
  });
}

/** What both cost together, where the price of each is known; a list of at most one line. */
function bothCost({ cost: b }: GcpDeployment, { cost: a }: AwsDeployment): string[] {
  if (a.perHour === undefined || b.perHour === undefined) return [];
  const [least, most] = [a.perHour + b.perHour.min, a.perHour + b.perHour.max];
  return [
    `both together: ${least.toFixed(4)} USD to ${most.toFixed(4)} USD per hour, at most ${(most * 24).toFixed(2)} USD a day`,
  ];
}

/** Steps whose plans say which side they are of. */
function told({ context, ...others }: StepDeps, target: string): StepDeps {
  const emit: Emit = (event) => context.emit(event.type === 'plan' ? { ...event, target } : event);
  return { ...others, context: { ...context, emit } };
}

/** Steps whose plan and notes wait for `release`: two plans that are told at the same time cannot be read. */
function tellLater({ context, ...others }: StepDeps) {
  let held: Event[] | undefined = [];
  const emit: Emit = (event) => {
    if (held !== undefined && (event.type === 'plan' || event.type === 'note')) held.push(event);
    else context.emit(event);
  };
  const release = () => {
    const events = held ?? [];
    held = undefined;
    for (const event of events) context.emit(event);
  };
  return { steps: { ...others, context: { ...context, emit } }, release };
}

/** Two pieces of work of which the failure of one ends the other; that one's own end is waited for. */
function sharedFate() {
  const failed = new AbortController();
  return {
    steps({ context, ...others }: StepDeps): StepDeps {
      return { ...others, context: { ...context, signal: AbortSignal.any([context.signal, failed.signal]) } };
    },
    async all<A, B>(work: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
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

async function untilServes(serves: Promise<void>, { emit, signal }: ResourceContext): Promise<void> {
  const reason = 'service B is coming up; an answer of A needs it';
  emit({ type: 'step-waiting', key: 'service-a', action: 'ready', reason });
  await orAborted(serves, signal);
}

/** @throws the signal's reason as soon as it is aborted */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
