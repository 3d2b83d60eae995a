import { RemedyError } from '../../../errors.ts';
import { applyPlan } from '../../stack/apply.ts';
import type { Deployed, Links, Note, PlannedDeploy } from '../../stack/provider.ts';
import { removeStep, type StepDeps } from '../../stack/steps.ts';
import { engineNote } from '../../workloads/machine-engine.ts';
import { expiryOf } from '../../workloads/request.ts';
import { autoscalerKey } from './autoscaler.ts';
import { groupPath, leadsTo } from './backend-group.ts';
import { BACKEND_GROUP } from './balancer.ts';
import { isImageKey } from './boot/image.ts';
import type { BackendService } from './compute-calls.ts';
import { GROUP_PART, groupKey, isGroupKey, surgeOf } from './group.ts';
import { listMarked, type MarkedObject } from './inventory.ts';
import { objectName, regionOf } from './names.ts';
import { lookUp } from './operations.ts';
import { type Location, locationName, placed } from './paths.ts';
import { type Attempt, attemptAt, type GcpPlanDeps, type Task, zoneOf } from './plan-in-zone.ts';
import { checkQuotas, findMachineType, hasNat } from './preflight.ts';
import { costOf } from './prices.ts';
import { type GcpRequest, locationsOf, recordedRequest } from './request.ts';
import { refuseElsewhere } from './target.ts';
import { isTemplateKey } from './template.ts';

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
  const { compute, createdBy } = deps;
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
  const owner = { stack, createdBy, expiresAt: expiryOf(request, context.clock.now()) };
  const token = request.auth === 'token' ? await deps.token?.(make) : undefined;
  const task: Task = { ...deps, request, owner, externalAddress, token, make, steps, announce: links.announce };
  const locations = locationsOf(request);
  const first = await attemptAt(startAt(locations, there), task);
  const cost = costOf(request, externalAddress);
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
      ...(await examine(first, task, there)),
      ...cost.lines.map((text): Note => ({ level: 'info', text })),
      ...engineNote(request, recordedRequest(journal.target.request)),
      openness(request),
    ],
    ...(perHour === undefined ? {} : { perHour }),
    request,
    auth: request.auth,
    preview: answer(first),
    async apply() {
      const untried = locations.slice(locations.indexOf(first.location) + 1);
      return answer(await applyFrom(first, untried, task));
    },
  };
}

/** Where a deploy begins: where the group is already, else the first place of the list. Pure. */
export function startAt(locations: readonly Location[], there: readonly Pick<MarkedObject, 'key'>[]): Location {
  const keys = new Set(there.map(({ key }) => key));
  const [first] = locations;
  if (first === undefined) throw new Error('a group needs a place');
  return locations.find((location) => keys.has(groupKey(location))) ?? first;
}

/** Carries a plan out, and those for the next places as long as a zone has no machines. Returns the one that worked. */
async function applyFrom(attempt: Attempt, [next, ...others]: readonly Location[], task: Task): Promise<Attempt> {
  const { steps } = task;
  try {
    await applyPlan(attempt.target, attempt.desired, attempt.plan, steps);
    return attempt;
  } catch (error) {
    steps.context.signal.throwIfAborted();
    if (next === undefined || !(await maySwitch(error, attempt, task))) throw error;
  }
  await leaveZone(attempt, next, task);
  const instead = await attemptAt(next, task);
  steps.context.emit({ type: 'plan', changes: instead.plan.changes });
  return applyFrom(instead, others, task);
}

/**
 * Whether the deploy may go on in another zone: this one has no machines left, and nothing serves from it. A group that
 * serves is not taken away because it cannot grow.
 */
async function maySwitch(
  error: unknown,
  { location }: Pick<Attempt, 'location'>,
  { compute, owner: { stack }, steps }: Task,
): Promise<boolean> {
  if (!(error instanceof RemedyError) || error.code !== 'gcp-stock-out') return false;
  const group = { instanceGroupManager: objectName(stack, GROUP_PART) };
  const instances = await lookUp(() =>
    placed(compute, location).read('instanceGroupManagers.listManagedInstances', group, steps.context.signal),
  );
  return (instances ?? []).every(({ instanceStatus }) => instanceStatus !== 'RUNNING');
}

/**
 * Takes away what is in a zone that is sold out: its group would go on trying, and be paid for when it succeeds. The load
 * balancer stays, and is told of the next group; where it still leads to a group elsewhere, that goes on serving.
 */
async function leaveZone(
  { location, target }: Attempt,
  next: Location,
  { compute, owner: { stack }, steps }: Task,
): Promise<void> {
  const { context } = steps;
  const text = `${locationName(location)} has no machines left: going on in ${locationName(next)}`;
  context.emit({ type: 'note', level: 'warn', text });
  for (const key of [BACKEND_GROUP, autoscalerKey(location), groupKey(location)]) {
    const resource = target.handle(key);
    const live = await resource.find(context);
    if (live === undefined) await steps.journal.record(key, undefined);
    else if (key !== BACKEND_GROUP || leadsTo(live as BackendService, groupPath(compute, location, stack))) {
      await removeStep(steps, resource, live);
    }
  }
}

/** Type and quotas are looked at before VMs are made: neither a typing error nor a quota must leave half a stack. */
async function examine(
  { location, plan, rolls }: Attempt,
  task: Task,
  there: readonly MarkedObject[],
): Promise<Note[]> {
  const { compute, request, externalAddress, steps } = task;
  const { signal } = steps.context;
  const makes = (isKey: (key: string) => boolean) =>
    plan.changes.some(({ key, action }) => action === 'create' && isKey(key));
  if (!makes(isGroupKey) && !makes(isTemplateKey) && !rolls) return [];
  const type = await findMachineType(compute, zoneOf(location, task), request.type, signal);
  // A group elsewhere stays until this one serves.
  const here = there.find(({ kind, place }) => kind === 'group' && place === locationName(location));
  const beside = rolls ? surgeOf(location) : makes(isImageKey) ? 1 : 0;
  const bakes = makes(isImageKey);
  const group = { vcpus: type.vcpus, externalAddress, running: here?.size ?? 0, beside, bakes };
  const tight = await checkQuotas(compute, request, group, signal);
  const text = `${type.name}: ${type.vcpus} vCPUs, ${type.memoryGb} GB; ${request.min} to ${request.max} of them`;
  const warnings = tight.map((each) => `the group cannot grow to its maximum of ${request.max}: ${each}`);
  return [{ level: 'info', text }, ...warnings.map((warning): Note => ({ level: 'warn', text: warning }))];
}

/** What the operator should know of who can do what, before it is so. */
function openness({ auth }: GcpRequest): Note {
  const open = 'the load balancer is public: everybody can reach the service at its address, port 80';
  if (auth === 'none') return { level: 'warn', text: `${open}, and use it (--auth none)` };
  return { level: 'info', text: `${open}; without the token it answers /health only` };
}
