import type { Ownership } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import { namedObject } from './object.ts';

/** What decides which VM gets requests. */
export const BALANCER_CHECK = 'health-check';
/** Used for autohealing: slower to judge, since a busy VM must survive. */
export const HEALING_CHECK = 'healing-check';

export interface HealthCheckSpec {
  readonly port: number;
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

/**
 * A VM gets requests after one good answer and none after 15 s of bad ones; it is replaced after a minute of them. For
 * the group it is healthy only after two good answers: by then the load balancer has asked it, too, and a rolling replace
 * never takes the last VM that gets requests.
 */
export const CHECKS = {
  [BALANCER_CHECK]: { intervalSeconds: 3, timeoutSeconds: 3, healthyThreshold: 1, unhealthyThreshold: 5 },
  [HEALING_CHECK]: { intervalSeconds: 6, timeoutSeconds: 6, healthyThreshold: 2, unhealthyThreshold: 10 },
};

/** An HTTP check that asks the service itself. */
export function healthCheck(compute: Compute, owner: Ownership, key: string) {
  return namedObject(compute, owner, 'healthChecks', {
    key,
    dependsOn: [],
    bodyOf: (spec: HealthCheckSpec) => ({
      type: 'HTTP',
      httpHealthCheck: { port: spec.port, requestPath: spec.path, portSpecification: 'USE_FIXED_PORT' },
      checkIntervalSec: spec.intervalSeconds,
      timeoutSec: spec.timeoutSeconds,
      healthyThreshold: spec.healthyThreshold,
      unhealthyThreshold: spec.unhealthyThreshold,
    }),
    factsOf: ({ type, checkIntervalSec, timeoutSec, healthyThreshold, unhealthyThreshold, httpHealthCheck: http }) => ({
      type,
      checkIntervalSec,
      timeoutSec,
      healthyThreshold,
      unhealthyThreshold,
      port: http?.port,
      requestPath: http?.requestPath,
    }),
  });
}
