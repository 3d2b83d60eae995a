import type { Resource } from '../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Backend, BackendService } from './compute-calls.ts';
import { GROUP_PART, PORT_NAME } from './group.ts';
import { BALANCER_CHECK } from './health-check.ts';
import { type Ownership, objectName } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change, removeObject } from './operations.ts';
import { globalPath, type Location, placedPath, samePath } from './paths.ts';

export const BACKEND = 'backend';
/** Backend service and forwarding rule must name the same one. */
export const SCHEME = 'EXTERNAL_MANAGED';

const API = 'https://www.googleapis.com/compute/v1';

export interface BackendSpec {
  /** Seconds within which a request must be answered. The service's own default of 30 s is less than a model takes. */
  readonly requestSeconds: number;
  /** Seconds that requests under way are given when their VM leaves. */
  readonly drainSeconds: number;
  /** Requests per second that one VM is meant to take: set where the autoscaler follows the load balancer. */
  readonly ratePerInstance?: number | undefined;
}

/**
 * What the load balancer knows of service B: which group, which port, how long an answer may take.
 *
 * @param groups keys of the groups that it may send to
 */
export function backendService(
  compute: Compute,
  owner: Ownership,
  location: Location,
  groups: readonly string[],
): Resource<BackendSpec, BackendService> & { readonly name: string } {
  const group = placedPath(compute, location, 'instanceGroups', objectName(owner.stack, GROUP_PART));
  const check = globalPath(compute, 'healthChecks', objectName(owner.stack, BALANCER_CHECK));
  const backendOf = ({ ratePerInstance }: BackendSpec): Backend => ({
    // The one reference that has to be a whole URL.
    group: `${API}/${group}`,
    ...(ratePerInstance === undefined
      ? { balancingMode: 'UTILIZATION', maxUtilization: 0.8 }
      : { balancingMode: 'RATE', maxRatePerInstance: ratePerInstance }),
    capacityScaler: 1,
  });
  const bodyOf = (spec: BackendSpec): BackendService => ({
    loadBalancingScheme: SCHEME,
    protocol: 'HTTP',
    portName: PORT_NAME,
    backends: [backendOf(spec)],
    healthChecks: [check],
    timeoutSec: spec.requestSeconds,
    connectionDraining: { drainingTimeoutSec: spec.drainSeconds },
    logConfig: { enable: true, sampleRate: 1 },
  });
  return namedObject<BackendSpec, BackendService>(owner, {
    key: BACKEND,
    dependsOn: [...groups, BALANCER_CHECK],
    // Front ends take minutes to learn of a new load balancer: they do it while the first VM boots.
    beside: groups,
    get: (name, signal) => compute.read('backendServices.get', { backendService: name }, signal),
    async insert(context, spec, made, step) {
      const input = { backendServiceResource: { ...made, ...bodyOf(spec) } };
      await change(compute, context, 'backendServices.insert', input, step);
    },
    needsAnother: (_spec, raw) => raw.loadBalancingScheme !== SCHEME,
    differences(spec, raw) {
      const wanted = backendOf(spec);
      const [live] = raw.backends ?? [];
      const pairs: [string, unknown, unknown][] = [
        ['timeout', raw.timeoutSec, spec.requestSeconds],
        ['draining', raw.connectionDraining?.drainingTimeoutSec, spec.drainSeconds],
        ['port name', raw.portName, PORT_NAME],
        ['backends', raw.backends?.length ?? 0, 1],
        ['balancing', live?.balancingMode, wanted.balancingMode],
        ['rate per instance', stored(live?.maxRatePerInstance), stored(spec.ratePerInstance)],
        ['logging', raw.logConfig?.enable === true, true],
      ];
      return [
        ...pairs
          .filter(([, is, want]) => is !== want)
          .map(([name, is, want]) => `${name}: ${is ?? 'unset'} -> ${want ?? 'unset'}`),
        ...(samePath(live?.group, group) ? [] : ['sends to another group']),
        ...(samePath(raw.healthChecks?.[0], check) ? [] : ['asks another health check']),
      ];
    },
    async patch(context, spec, raw) {
      const backendServiceResource = { ...bodyOf(spec), fingerprint: raw.fingerprint ?? null };
      const input = { backendService: raw.name ?? '', backendServiceResource };
      await change(compute, context, 'backendServices.patch', input, patchStep(BACKEND));
    },
    whenReplaced: () => 'update',
    remove: (context, name) =>
      removeObject(compute, context, 'backendServices.delete', { backendService: name }, { key: BACKEND }),
    identify: () => ({}),
  });
}

/** A rate as the API keeps it, in single precision, so that 0.1 is 0.1. */
function stored(rate: number | null | undefined): number | undefined {
  return rate ? Math.fround(rate) : undefined;
}
