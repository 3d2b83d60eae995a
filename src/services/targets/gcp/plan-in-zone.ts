import { type ObservedPlan, observeAndPlan } from '../../stack/apply.ts';
import type { Links } from '../../stack/provider.ts';
import type { Desired, Ownership, ResourceContext, Target } from '../../stack/resource.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { BACKEND } from './backend.ts';
import { groupPath } from './backend-group.ts';
import type { Boot, BootTarget } from './boot-source.ts';
import type { Compute } from './compute.ts';
import type { InstanceGroupManager } from './compute-calls.ts';
import { desiredGcp, drainSecondsOf, gcpResources, templateSpec } from './desired.ts';
import { RULE } from './forwarding-rule.ts';
import { type GroupSpec, rollsOut } from './group.ts';
import { objectName } from './names.ts';
import type { Location } from './paths.ts';
import { type GcpRequest, serviceOn } from './request.ts';
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

interface AttemptInput {
  readonly request: GcpRequest;
  readonly owner: Ownership;
  readonly boot: Boot;
  readonly externalAddress: boolean;
}

interface AttemptDeps {
  readonly compute: Compute;
  readonly probe: Probe;
  readonly bootTarget?: BootTarget;
  readonly announce: Links['announce'];
}

/** Looks at the world and plans a deploy with the group at `location`. Changes nothing. */
export async function attemptAt(
  location: Location,
  { request, owner, boot, externalAddress }: AttemptInput,
  steps: StepDeps,
  deps: AttemptDeps,
): Promise<Attempt> {
  const { compute } = deps;
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
          probe: deps.probe,
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
        await announce(`http://${live.address}`, request, steps, deps);
      },
    },
  };
  const target = gcpTarget(compute, owner, deps.bootTarget, { resources: announced });
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
async function announce(
  url: string,
  request: GcpRequest,
  { journal, context }: StepDeps,
  deps: AttemptDeps,
): Promise<void> {
  const { auth } = request;
  const service = serviceOn(request);
  if (journal.target.endpoints[service] !== url) {
    await journal.describe({ request, endpoints: { [service]: url }, auth, complete: false });
  }
  context.emit({ type: 'note', level: 'info', text: `service ${service.toUpperCase()} will answer at ${url}` });
  deps.announce(service, url);
}
