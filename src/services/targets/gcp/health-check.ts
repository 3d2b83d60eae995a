import type { Compute } from './compute.ts';
import type { HealthCheck } from './compute-calls.ts';
import { globalObject } from './global-object.ts';
import type { Ownership } from './names.ts';
import { unlike } from './object.ts';

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
export const CHECKS: Readonly<
  Record<typeof BALANCER_CHECK | typeof HEALING_CHECK, Omit<HealthCheckSpec, 'port' | 'path'>>
> = {
  [BALANCER_CHECK]: { intervalSeconds: 3, timeoutSeconds: 3, healthyThreshold: 1, unhealthyThreshold: 5 },
  [HEALING_CHECK]: { intervalSeconds: 6, timeoutSeconds: 6, healthyThreshold: 2, unhealthyThreshold: 10 },
};

/** An HTTP check that asks the service itself. */
export function healthCheck(compute: Compute, owner: Ownership, key: string) {
  const bodyOf = (spec: HealthCheckSpec): HealthCheck => ({
    type: 'HTTP',
    httpHealthCheck: { port: spec.port, requestPath: spec.path, portSpecification: 'USE_FIXED_PORT' },
    checkIntervalSec: spec.intervalSeconds,
    timeoutSec: spec.timeoutSeconds,
    healthyThreshold: spec.healthyThreshold,
    unhealthyThreshold: spec.unhealthyThreshold,
  });
  return globalObject<HealthCheckSpec, HealthCheck>(compute, owner, 'healthChecks', {
    key,
    dependsOn: [],
    bodyOf,
    differences: (spec, raw) => differences(bodyOf(spec), raw),
  });
}

function differences(wanted: HealthCheck, live: HealthCheck): string[] {
  const names = ['type', 'checkIntervalSec', 'timeoutSec', 'healthyThreshold', 'unhealthyThreshold'] as const;
  const http = ['port', 'requestPath'] as const;
  return unlike([
    ...names.map((name) => [name, live[name], wanted[name]] as const),
    ...http.map((name) => [name, live.httpHealthCheck?.[name], wanted.httpHealthCheck?.[name]] as const),
  ]);
}
