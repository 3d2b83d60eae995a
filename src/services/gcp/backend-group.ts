import type { Resource, ResourceContext } from '../stack/resource.ts';
import { BACKEND, backendService } from './backend.ts';
import type { Compute } from './compute.ts';
import type { Backend, BackendService } from './compute-calls.ts';
import { GROUP_PART } from './group.ts';
import { type Ownership, objectName, shortName } from './names.ts';
import { patchStep, vanished, withNewest } from './object.ts';
import { change, lookUp } from './operations.ts';
import { type Location, placedPath, samePath } from './paths.ts';

export const BACKEND_GROUP = 'backend-group';

const API = 'https://www.googleapis.com/compute/v1';

export interface BackendGroupSpec {
  /** Requests per second that one VM is meant to take: set where the autoscaler follows the load balancer. */
  readonly ratePerInstance?: number | undefined;
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
  const group = placedPath(compute, location, 'instanceGroups', objectName(owner.stack, GROUP_PART));
  const look = ({ signal }: ResourceContext) =>
    lookUp(() => compute.read('backendServices.get', { backendService: backend }, signal));
  const present = async (context: ResourceContext) => {
    const raw = await look(context);
    if (raw === undefined) throw vanished(backend);
    return raw;
  };
  const wantedOf = ({ ratePerInstance }: BackendGroupSpec): Backend => ({
    // The one reference that has to be a whole URL.
    group: `${API}/${group}`,
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
  const explain = (spec: BackendGroupSpec, { backends }: BackendService): string[] => {
    const wanted = wantedOf(spec);
    const [live] = backends ?? [];
    const pairs: [string, unknown, unknown][] = [
      ['groups', backends?.length ?? 0, 1],
      ['balancing', live?.balancingMode, wanted.balancingMode],
      ['rate per instance', stored(live?.maxRatePerInstance), stored(spec.ratePerInstance)],
    ];
    return [
      ...pairs
        .filter(([, is, want]) => is !== want)
        .map(([name, is, want]) => `${name}: ${is ?? 'unset'} -> ${want ?? 'unset'}`),
      ...(samePath(live?.group, group) ? [] : ['sends to another group']),
    ];
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
    update: put,
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
    identify: ({ backends }) => ({ group: shortName(backends?.[0]?.group) }),
  };
}

/** A rate as the API keeps it, in single precision, so that 0.1 is 0.1. */
function stored(rate: number | null | undefined): number | undefined {
  return rate ? Math.fround(rate) : undefined;
}
