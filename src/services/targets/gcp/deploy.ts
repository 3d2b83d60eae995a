import type { Event } from '../../../events.ts';
import { applyPlan } from '../../stack/apply.ts';
import type { PlannedChange } from '../../stack/change.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { changesSomething, type PlannedDeploy } from '../../stack/planned.ts';
import { type StackDeps, withStack } from '../../stack/session.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { isImageKey } from './boot/image.ts';
import type { Boot, BootInput, BootTarget } from './boot-source.ts';
import type { Compute } from './compute.ts';
import { vmTag } from './desired.ts';
import { isGroupKey, surgeOf } from './group.ts';
import { refuseElsewhere } from './guards.ts';
import { listMarked, type MarkedObject } from './inventory.ts';
import { regionOf } from './names.ts';
import { leaveZone, maySwitch, startAt } from './next-zone.ts';
import { type Location, locationName } from './paths.ts';
import { type Attempt, attemptAt } from './plan-in-zone.ts';
import { checkQuotas, findMachineType, hasNat } from './preflight.ts';
import { type Cost, costOf } from './prices.ts';
import { type GcpRequest, locationsOf } from './request.ts';
import type { Probe } from './serving.ts';
import { isTemplateKey } from './template.ts';

export interface GcpDeployment {
  readonly stack: string;
  readonly target: 'gcp';
  readonly project: string;
  /** Zone, or region, of the group. */
  readonly location: string;
  readonly changes: readonly PlannedChange[];
  readonly applied: boolean;
  readonly cost: Cost;
  readonly endpoints: { readonly b?: string | undefined };
}

/** What planning takes beside an open stack. */
export interface GcpPlanDeps {
  readonly compute: Compute;
  /** `user@host`, for the markers. */
  readonly createdBy: string;
  /** What the VMs boot from. */
  boot(input: BootInput): Promise<Boot>;
  /** What of the boot side is there, wanted or not. */
  readonly bootTarget?: BootTarget;
  readonly probe: Probe;
  /** The stack's token; made when `make` and it is missing. */
  token?(make: boolean): Promise<string | undefined>;
  /** Told the base URL of B as soon as its address is reserved: long before anything answers there. */
  onAddress?(url: string): void;
}

export interface GcpDeps extends StackDeps, GcpPlanDeps {
  /** Asked before the first change, after the cost was told as notes; throws to leave everything as it is. */
  confirm?(changes: readonly PlannedChange[]): Promise<void>;
}

/**
 * Brings the GCP side of a stack up, or changes what differs from the request.
 *
 * @param dryRun stop after the plan
 * @throws RemedyError: credentials, permission, type or template (3), quota or stock-out (4), not ready or taken back (5),
 *   locked (6)
 */
export async function deployGcp(
  paths: StackPaths,
  request: GcpRequest,
  { dryRun }: { readonly dryRun: boolean },
  deps: GcpDeps,
): Promise<GcpDeployment> {
  return withStack(paths, 'gcp', deps, async (steps) => {
    const planned = await planGcp(paths, request, { make: !dryRun }, steps, deps);
    if (dryRun) return planned.preview;
    if (changesSomething(planned)) await deps.confirm?.(planned.changes);
    return planned.apply();
  });
}

/**
 * Looks at the GCP side of a stack and plans; tells plan, cost and what will be public as events. Where a zone has no
 * machines left, `apply` goes on in the next one, with a plan of its own.
 *
 * @param make whether keys and token of the stack may be made: they are wanted for `apply`
 * @throws RemedyError as `deployGcp` does
 */
export async function planGcp(
  paths: StackPaths,
  request: GcpRequest,
  { make }: { readonly make: boolean },
  steps: StepDeps,
  deps: GcpPlanDeps,
): Promise<PlannedDeploy<GcpDeployment>> {
  const { compute } = deps;
  const { context, journal } = steps;
  const { signal, emit } = context;
  refuseElsewhere(journal.target, compute);
  const [there, nat] = await Promise.all([
    listMarked(compute, signal, paths.name),
    hasNat(compute, request, regionOf(request.zones[0] ?? compute.zone), signal),
  ]);
  const externalAddress = !nat;
  const planAt = await planner(paths.name, request, { externalAddress, make }, steps, deps);
  const locations = locationsOf(request);
  const first = await planAt(startAt(locations, there));
  const cost = costOf({ ...request, externalAddress });
  await examine(first, request, { there, externalAddress }, steps, deps);
  for (const text of cost.lines) emit({ type: 'note', level: 'info', text });
  emit(openness(request));
  const result = ({ location, plan }: Attempt, applied: boolean): GcpDeployment => ({
    stack: paths.name,
    target: 'gcp',
    project: compute.project,
    location: locationName(location),
    changes: plan.changes,
    applied,
    cost,
    endpoints: { b: journal.target.endpoints.b },
  });
  const describe = (complete: boolean) =>
    journal.describe({ request, endpoints: journal.target.endpoints, auth: request.auth, complete });
  return {
    changes: first.plan.changes,
    preview: result(first, false),
    async apply() {
      await describe(false);
      const untried = locations.slice(locations.indexOf(first.location) + 1);
      const last = await applyFrom(first, untried, planAt, { steps, stack: paths.name, compute });
      await describe(true);
      return result(last, true);
    },
  };
}

interface Applying {
  readonly steps: StepDeps;
  readonly stack: string;
  readonly compute: Compute;
}

/** Carries a plan out, and those for the next places as long as a zone has no machines. Returns the one that worked. */
async function applyFrom(
  attempt: Attempt,
  [next, ...others]: readonly Location[],
  planAt: (location: Location) => Promise<Attempt>,
  { steps, stack, compute }: Applying,
): Promise<Attempt> {
  const { signal } = steps.context;
  try {
    await applyPlan(attempt.target, attempt.desired, attempt.plan, steps);
    return attempt;
  } catch (error) {
    signal.throwIfAborted();
    if (next === undefined || !(await maySwitch(error, attempt, stack, { compute, signal }))) throw error;
  }
  await leaveZone(attempt, steps, next, { compute, stack });
  return applyFrom(await planAt(next), others, planAt, { steps, stack, compute });
}

/** Makes plans for one place after another, with the same token and the same end of time. */
async function planner(
  stack: string,
  request: GcpRequest,
  { externalAddress, make }: { readonly externalAddress: boolean; readonly make: boolean },
  steps: StepDeps,
  deps: GcpPlanDeps,
): Promise<(location: Location) => Promise<Attempt>> {
  const { clock, emit } = steps.context;
  const owner = { stack, createdBy: deps.createdBy, expiresAt: expiryOf(request, clock.now()) };
  const token = request.auth === 'token' ? await deps.token?.(make) : undefined;
  return async (location) => {
    const zone = zoneOf(location, request, deps.compute);
    const boot = await deps.boot({
      ...{ request, owner, zone, externalAddress, token },
      tag: vmTag(stack),
      make,
    });
    const attempt = await attemptAt(location, { request, owner, boot, externalAddress }, steps, deps);
    emit({ type: 'plan', changes: attempt.plan.changes });
    return attempt;
  };
}

function expiryOf({ ttlSeconds }: GcpRequest, now: number): string | undefined {
  return ttlSeconds === undefined ? undefined : new Date(now + ttlSeconds * 1000).toISOString();
}

function zoneOf(location: Location, { zones }: GcpRequest, { zone }: Compute): string {
  return 'zone' in location ? location.zone : (zones[0] ?? zone);
}

/** Type and quotas are looked at before VMs are made: neither a typing error nor a quota must leave half a stack. */
async function examine(
  { location, plan, rolls }: Attempt,
  request: GcpRequest,
  { there, externalAddress }: { readonly there: readonly MarkedObject[]; readonly externalAddress: boolean },
  { context }: StepDeps,
  { compute }: GcpPlanDeps,
): Promise<void> {
  const { signal, emit } = context;
  const makes = (isKey: (key: string) => boolean) =>
    plan.changes.some(({ key, action }) => action === 'create' && isKey(key));
  if (!makes(isGroupKey) && !makes(isTemplateKey) && !rolls) return;
  const type = await findMachineType(compute, zoneOf(location, request, compute), request.type, signal);
  // A group elsewhere stays until this one serves.
  const here = there.find(({ kind, place }) => kind === 'group' && place === locationName(location));
  const beside = rolls ? surgeOf(location) : makes(isImageKey) ? 1 : 0;
  const bakes = makes(isImageKey);
  const group = { vcpus: type.vcpus, externalAddress, running: here?.size ?? 0, beside, bakes };
  const tight = await checkQuotas(compute, request, group, signal);
  const text = `${type.name}: ${type.vcpus} vCPUs, ${type.memoryGb} GB; ${request.min} to ${request.max} of them`;
  emit({ type: 'note', level: 'info', text });
  for (const each of tight) {
    emit({ type: 'note', level: 'warn', text: `the group cannot grow to its maximum of ${request.max}: ${each}` });
  }
}

/** What the operator should know of who can do what, before it is so. */
function openness({ auth }: GcpRequest): Event {
  const open = 'the load balancer is public: everybody can reach service B at its address, port 80';
  if (auth === 'none') return { type: 'note', level: 'warn', text: `${open}, and use it (--auth none)` };
  return { type: 'note', level: 'info', text: `${open}; without the token it answers /health only` };
}
