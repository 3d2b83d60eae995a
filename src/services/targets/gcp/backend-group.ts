import type { Ownership, Resource, ResourceContext } from '../../stack/resource.ts';
import { BACKEND, BACKEND_GROUP, backendService } from './balancer.ts';
import type { Compute } from './compute.ts';
import type { Backend, BackendService } from './compute-calls.ts';
import { GROUP_PART } from './group.ts';
import { objectName, shortName } from './names.ts';
import { patchStep, unlike, vanished, withNewest } from './object.ts';
import { change, lookUp } from './operations.ts';
import { type Location, pathIn, placedPath, samePath, wholeUrl } from './paths.ts';

export interface BackendGroupSpec {
  /** Seconds that requests under way at the group before are given, where the load balancer turns to another one. */
  readonly drainSeconds: number;
  /** Requests per second that one VM is meant to take: set where the autoscaler follows the load balancer. */
  readonly ratePerInstance?: number | undefined;
}

/** Path of the group in one place, as a backend service names it. */
export function groupPath(compute: Pick<Compute, 'project'>, location: Location, stack: string): string {
  return placedPath(compute, location, 'instanceGroups', objectName(stack, GROUP_PART));
}

/** Whether a backend service sends to the group with this path. */
export function leadsTo({ backends }: BackendService, group: string): boolean {
  return samePath(backends?.[0]?.group, group);
}

/**
 * The group as what the backend service sends to: no object of its own, but made apart from it. Front ends take minutes to
 * learn of a new load balancer, and an image takes minutes to bake: they do it side by side.
 *
 * @param groups keys of the groups that it may send to
 */
export function backendGroup(
  compute: Compute,
  owner: Ownership,
  location: Location,
  groups: readonly string[],
): Resource<BackendGroupSpec, BackendService> {
  const key = BACKEND_GROUP;
  const service = backendService(compute, owner);
  const backend = service.name;
  const group = groupPath(compute, location, owner.stack);
  const look = ({ signal }: ResourceContext) =>
    lookUp(() => compute.read('backendServices.get', { backendService: backend }, signal));
  const present = async (context: ResourceContext) => {
    const raw = await look(context);
    if (raw === undefined) throw vanished(backend);
    return raw;
  };
  const wantedOf = ({ ratePerInstance }: BackendGroupSpec): Backend => ({
    // A path is refused.
    group: wholeUrl(group),
    ...(ratePerInstance === undefined
      ? { balancingMode: 'UTILIZATION', maxUtilization: 0.8 }
      : { balancingMode: 'RATE', maxRatePerInstance: ratePerInstance }),
    capacityScaler: 1,
  });
  const put = async (context: ResourceContext, spec: BackendGroupSpec): Promise<BackendService> => {
    await withNewest(
      () => present(context),
      async ({ fingerprint }) => {
        const backendServiceResource = { backends: [wantedOf(spec)], fingerprint: fingerprint ?? null };
        const input = { backendService: backend, backendServiceResource };
        await change(compute, context, 'backendServices.patch', input, patchStep(key));
      },
    );
    return present(context);
  };
  const explain = (spec: BackendGroupSpec, raw: BackendService): string[] => {
    const factsOf = ([backend, ...others]: readonly Backend[]) => ({
      'other groups': others.length,
      balancing: backend?.balancingMode,
      // As the API keeps it, in single precision, so that 0.1 is 0.1.
      'rate per instance': backend?.maxRatePerInstance ? Math.fround(backend.maxRatePerInstance) : undefined,
      group: pathIn(backend?.group),
    });
    return unlike(factsOf(raw.backends ?? []), factsOf([wantedOf(spec)])).map(({ text }) => text);
  };
  return {
    key,
    dependsOn: [BACKEND, ...groups],
    // The load balancer asks the first VM for its health while that boots.
    beside: [BACKEND, ...groups],
    async find(context) {
      const raw = await (context.live === undefined ? service.find(context) : context.live(BACKEND));
      const found = raw as BackendService | undefined;
      return found?.backends?.length ? found : undefined;
    },
    diff: (spec, raw) => (explain(spec, raw).length > 0 ? 'update' : 'same'),
    explain,
    whenReplaced: () => 'update',
    create: put,
    async update(context, spec, live) {
      const turned = await put(context, spec);
      if (!leadsTo(live, group)) await drained(context, spec);
      return turned;
    },
    async ready() {},
    async remove(context) {
      // Not a patch: the client library leaves an empty list out, which would leave the group in.
      const detach = async ({ backends: _, ...rest }: BackendService) => {
        const input = { backendService: backend, backendServiceResource: rest };
        await change(compute, context, 'backendServices.update', input, { key, action: 'remove' });
      };
      try {
        await withNewest(() => present(context), detach);
      } catch (error) {
        if ((await look(context)) !== undefined) throw error;
      }
    },
    identify: ({ backends }) => {
      const path = backends?.[0]?.group ?? '';
      return { group: shortName(path), location: /\/(?:zones|regions)\/([^/]+)\//.exec(path)?.[1] ?? '' };
    },
  };
}

/** A group that is no backend any more is removed without a thought for the requests that its VMs still answer. */
async function drained({ clock, emit, signal }: ResourceContext, { drainSeconds }: BackendGroupSpec): Promise<void> {
  const reason = `requests under way at the group before have ${drainSeconds} s`;
  emit({ type: 'step-waiting', key: BACKEND_GROUP, action: 'update', reason });
  await clock.sleep(drainSeconds * 1000, signal);
}
