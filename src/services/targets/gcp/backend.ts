import type { Compute } from './compute.ts';
import type { BackendService } from './compute-calls.ts';
import { globalObject } from './global-object.ts';
import { PORT_NAME } from './group.ts';
import { BALANCER_CHECK } from './health-check.ts';
import { type Ownership, objectName } from './names.ts';
import { unlike } from './object.ts';
import { globalPath, samePath } from './paths.ts';

export const BACKEND = 'backend';
/** Backend service and forwarding rule must name the same one. */
export const SCHEME = 'EXTERNAL_MANAGED';

export interface BackendSpec {
  /** Seconds within which a request must be answered. The service's own default of 30 s is less than a model takes. */
  readonly requestSeconds: number;
  /** Seconds that requests under way are given when their VM leaves. */
  readonly drainSeconds: number;
}

/**
 * What the load balancer knows of service B: which port, how long an answer may take. Which group it is, is said later
 * (`backendGroup`), so that all of a load balancer can be made while there is no group yet.
 */
export function backendService(compute: Compute, owner: Ownership) {
  const check = globalPath(compute, 'healthChecks', objectName(owner.stack, BALANCER_CHECK));
  return globalObject<BackendSpec, BackendService>(compute, owner, 'backendServices', {
    key: BACKEND,
    dependsOn: [BALANCER_CHECK],
    bodyOf: (spec) => ({
      loadBalancingScheme: SCHEME,
      protocol: 'HTTP',
      portName: PORT_NAME,
      healthChecks: [check],
      timeoutSec: spec.requestSeconds,
      connectionDraining: { drainingTimeoutSec: spec.drainSeconds },
      logConfig: { enable: true, sampleRate: 1 },
    }),
    needsAnother: (_spec, raw) => raw.loadBalancingScheme !== SCHEME,
    differences: (spec, raw) => [
      ...unlike([
        ['timeout', raw.timeoutSec, spec.requestSeconds],
        ['draining', raw.connectionDraining?.drainingTimeoutSec, spec.drainSeconds],
        ['port name', raw.portName, PORT_NAME],
        ['logging', raw.logConfig?.enable === true, true],
      ]),
      ...(samePath(raw.healthChecks?.[0], check) ? [] : ['asks another health check']),
    ],
  });
}
