import { type ObservedPlan, observeAndPlan } from '../../stack/apply.ts';
import type { Links } from '../../stack/provider.ts';
import type { Desired, ResourceContext, Target } from '../../stack/resource.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { groupPath } from './backend-group.ts';
import { BACKEND, RULE } from './balancer.ts';
import type { Boot, BootInput, BootTarget } from './boot-source.ts';
import type { Compute } from './compute.ts';
import type { InstanceGroupManager } from './compute-calls.ts';
import { desiredGcp, drainSecondsOf, gcpResources, templateSpec } from './desired.ts';
import { type GroupSpec, rollsOut } from './group.ts';
import { objectName } from './names.ts';
import type { Location } from './paths.ts';
import { serviceOn } from './request.ts';
import { type Probe, untilServing } from './serving.ts';
import { gcpTarget } from './target.ts';
import { templateKey } from './template.ts';

/** What a VM may take beyond its boot source's own estimate: the zone's work before it starts. */
const MACHINE_SECONDS = 300;
/** A new global load balancer is known to its front ends after some minutes, at worst ten. */
const SERVING_SECONDS = 900;

/** A deploy with the group in one place: what is wanted, and what that changes. */
export interface Attempt {
  readonly location: Location;
  readonly target: Target;
  readonly desired: readonly Desired[];
  readonly plan: ObservedPlan;
  /** Whether a group that is there is brought to another template. */
  readonly rolls: boolean;
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
}

/** A deploy, wherever the group will be: the same token and the same end of time in every zone. */
export interface Task extends Omit<GcpPlanDeps, 'token'>, Omit<BootInput, 'zone'>, Pick<Links, 'announce'> {
  readonly steps: StepDeps;
  /** Whether VMs get a public address of their own; else a Cloud NAT lets them out. */
  readonly externalAddress: boolean;
}

/** The zone of a group, or of a builder and of questions where it has none of its own. */
export function zoneOf(location: Location, { request: { zones }, compute }: Pick<Task, 'request' | 'compute'>): string {
  return 'zone' in location ? location.zone : (zones[0] ?? compute.zone);
}

/** Looks at the world and plans a deploy with the group at `location`. Changes nothing. */
export async function attemptAt(location: Location, task: Task): Promise<Attempt> {
  const { compute, request, owner, externalAddress, steps } = task;
  const boot = await task.boot({ ...task, zone: zoneOf(location, task) });
  const { source } = boot;
  const template = templateSpec(request, source, { stack: owner.stack, externalAddress });
  const resources = gcpResources(
    compute,
    owner,
    { location, template: templateKey(template), seen: [] },
    {
      source: () => source,
      bootKeys: boot.desired.map(({ resource }) => resource.key),
      instanceSeconds: (request.readySeconds ?? source.startSeconds + MACHINE_SECONDS) + drainSecondsOf(request),
      serves: (context, address) =>
        untilServing(context, {
          key: RULE,
          compute,
          probe: task.probe,
          backend: objectName(owner.stack, BACKEND),
          group: groupPath(compute, location, owner.stack),
          address,
          deadlineSeconds: request.readySeconds ?? SERVING_SECONDS,
        }),
    },
  );
  const { address } = resources;
  const announced = {
    ...resources,
    address: {
      ...address,
      async ready(context: ResourceContext, live: Parameters<typeof address.ready>[1]) {
        await address.ready(context, live);
        await announce(`http://${live.address}`, task);
      },
    },
  };
  const target = gcpTarget(compute, owner, task.bootTarget, { resources: announced });
  const desired = desiredGcp(announced, { request, boot, template });
  const plan = await observeAndPlan(target, desired, steps.journal, steps.context);
  return { location, target, desired, plan, rolls: willRoll(resources.group.key, desired, plan) };
}

function willRoll(key: string, desired: readonly Desired[], { observed }: ObservedPlan): boolean {
  const group = desired.find(({ resource }) => resource.key === key);
  const live = observed.get(key);
  return live !== undefined && rollsOut(group?.spec as GroupSpec, live as InstanceGroupManager);
}

/** In the state before anything answers there: A can be made meanwhile, and whoever asks sees where B will be. */
async function announce(url: string, { request, steps: { journal, context }, announce: tell }: Task): Promise<void> {
  const { auth } = request;
  const service = serviceOn(request);
  if (journal.target.endpoints[service] !== url) {
    await journal.describe({ request, endpoints: { [service]: url }, auth, complete: false });
  }
  context.emit({ type: 'note', level: 'info', text: `service ${service.toUpperCase()} will answer at ${url}` });
  tell(service, url);
}
