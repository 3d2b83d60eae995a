import { applyPlan } from '../../stack/apply.ts';
import type { Deployed, Links, Note, PlannedDeploy } from '../../stack/provider.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { expiryOf } from '../../workloads/request.ts';
import { isImageKey } from './boot/image.ts';
import type { Boot, BootInput, BootTarget } from './boot-source.ts';
import type { Compute } from './compute.ts';
import { vmTag } from './desired.ts';
import { isGroupKey, surgeOf } from './group.ts';
import { listMarked, type MarkedObject } from './inventory.ts';
import { regionOf } from './names.ts';
import { leaveZone, maySwitch, startAt } from './next-zone.ts';
import { type Location, locationName } from './paths.ts';
import { type Attempt, attemptAt } from './plan-in-zone.ts';
import { checkQuotas, findMachineType, hasNat } from './preflight.ts';
import { costOf } from './prices.ts';
import { type GcpRequest, locationsOf, serviceOn } from './request.ts';
import type { Probe } from './serving.ts';
import { refuseElsewhere } from './target.ts';
import { isTemplateKey } from './template.ts';

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
}

/**
 * Looks at the GCP side of a stack and plans. Where a zone has no machines left, `apply` goes on in the next one, with a
 * plan of its own. The address is announced as soon as it is reserved: long before anything answers there.
 *
 * @param make whether keys and token of the stack may be made: they are wanted for `apply`
 * @throws RemedyError: credentials, permission, type or template (3), quota or stock-out (4), not ready or taken back (5)
 */
export async function planGcp(
  request: GcpRequest,
  steps: StepDeps,
  links: Pick<Links, 'announce'>,
  { make }: { readonly make: boolean },
  deps: GcpPlanDeps,
): Promise<PlannedDeploy> {
  const { compute } = deps;
  const { context, journal } = steps;
  const { stack } = journal;
  const { signal } = context;
  const { project } = compute;
  refuseElsewhere(journal.target, { stack, project });
  const [there, nat] = await Promise.all([
    listMarked(compute, signal, stack),
    hasNat(compute, request, regionOf(request.zones[0] ?? compute.zone), signal),
  ]);
  const externalAddress = !nat;
  const planAt = await planner(request, { externalAddress, make }, steps, { ...deps, announce: links.announce });
  const locations = locationsOf(request);
  const first = await planAt(startAt(locations, there));
  const cost = costOf({ ...request, externalAddress });
  const { perHour } = cost;
  const answer = ({ location, plan }: Attempt): Deployed => ({
    where: `in ${project}, ${locationName(location)}`,
    endpoints: journal.target.endpoints,
    changes: plan.changes,
    details: { project, location: locationName(location), cost },
  });
  return {
    changes: first.plan.changes,
    notes: [
      ...(await examine(first, request, { there, externalAddress }, steps, deps)),
      ...cost.lines.map((text): Note => ({ level: 'info', text })),
      openness(request),
    ],
    ...(perHour === undefined ? {} : { perHour }),
    request,
    auth: request.auth,
    preview: answer(first),
    async apply() {
      const untried = locations.slice(locations.indexOf(first.location) + 1);
      return answer(await applyFrom(first, untried, planAt, { steps, stack, compute }));
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
  const instead = await planAt(next);
  steps.context.emit({ type: 'plan', changes: instead.plan.changes });
  return applyFrom(instead, others, planAt, { steps, stack, compute });
}

/** Makes plans for one place after another, with the same token and the same end of time. */
async function planner(
  request: GcpRequest,
  { externalAddress, make }: { readonly externalAddress: boolean; readonly make: boolean },
  steps: StepDeps,
  deps: GcpPlanDeps & Pick<Links, 'announce'>,
): Promise<(location: Location) => Promise<Attempt>> {
  const { clock } = steps.context;
  const { stack } = steps.journal;
  const owner = { stack, createdBy: deps.createdBy, expiresAt: expiryOf(request, clock.now()) };
  const token = request.auth === 'token' ? await deps.token?.(make) : undefined;
  return async (location) => {
    const zone = zoneOf(location, request, deps.compute);
    const boot = await deps.boot({
      ...{ request, owner, zone, externalAddress, token },
      tag: vmTag(stack, serviceOn(request)),
      make,
    });
    return attemptAt(location, { request, owner, boot, externalAddress }, steps, deps);
  };
}

function zoneOf(location: Location, { zones }: GcpRequest, { zone }: Compute): string {
  return 'zone' in location ? location.zone : (zones[0] ?? zone);
}

/** Type and quotas are looked at before VMs are made: neither a typing error nor a quota must leave half a stack. */
async function examine(
  { location, plan, rolls }: Attempt,
  request: GcpRequest,
  { there, externalAddress }: { readonly there: readonly MarkedObject[]; readonly externalAddress: boolean },
  { context: { signal } }: StepDeps,
  { compute }: GcpPlanDeps,
): Promise<Note[]> {
  const makes = (isKey: (key: string) => boolean) =>
    plan.changes.some(({ key, action }) => action === 'create' && isKey(key));
  if (!makes(isGroupKey) && !makes(isTemplateKey) && !rolls) return [];
  const type = await findMachineType(compute, zoneOf(location, request, compute), request.type, signal);
  // A group elsewhere stays until this one serves.
  const here = there.find(({ kind, place }) => kind === 'group' && place === locationName(location));
  const beside = rolls ? surgeOf(location) : makes(isImageKey) ? 1 : 0;
  const bakes = makes(isImageKey);
  const group = { vcpus: type.vcpus, externalAddress, running: here?.size ?? 0, beside, bakes };
  const tight = await checkQuotas(compute, request, group, signal);
  const text = `${type.name}: ${type.vcpus} vCPUs, ${type.memoryGb} GB; ${request.min} to ${request.max} of them`;
  return [
    { level: 'info', text },
    ...tight.map((each): Note => {
      return { level: 'warn', text: `the group cannot grow to its maximum of ${request.max}: ${each}` };
    }),
  ];
}

/** What the operator should know of who can do what, before it is so. */
function openness({ auth }: GcpRequest): Note {
  const open = 'the load balancer is public: everybody can reach the service at its address, port 80';
  if (auth === 'none') return { level: 'warn', text: `${open}, and use it (--auth none)` };
  return { level: 'info', text: `${open}; without the token it answers /health only` };
}
