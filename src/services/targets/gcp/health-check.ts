import type { Resource } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { HealthCheck } from './compute-calls.ts';
import type { Ownership } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change, removeObject } from './operations.ts';

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
export function healthCheck(
  compute: Compute,
  owner: Ownership,
  key: string,
): Resource<HealthCheckSpec, HealthCheck> & { readonly name: string } {
  const bodyOf = (spec: HealthCheckSpec): HealthCheck => ({
    type: 'HTTP',
    httpHealthCheck: { port: spec.port, requestPath: spec.path, portSpecification: 'USE_FIXED_PORT' },
    checkIntervalSec: spec.intervalSeconds,
    timeoutSec: spec.timeoutSeconds,
    healthyThreshold: spec.healthyThreshold,
    unhealthyThreshold: spec.unhealthyThreshold,
  });
  return namedObject<HealthCheckSpec, HealthCheck>(owner, {
    key,
    dependsOn: [],
    get: (name, signal) => compute.read('healthChecks.get', { healthCheck: name }, signal),
    async insert(context, spec, made, step) {
      await change(
        compute,
        context,
        'healthChecks.insert',
        { healthCheckResource: { ...made, ...bodyOf(spec) } },
        step,
      );
    },
    differences: (spec, raw) => differences(bodyOf(spec), raw),
    async patch(context, spec, raw) {
      const input = { healthCheck: raw.name ?? '', healthCheckResource: bodyOf(spec) };
      await change(compute, context, 'healthChecks.patch', input, patchStep(key));
    },
    remove: (context, name) => removeObject(compute, context, 'healthChecks.delete', { healthCheck: name }, { key }),
    identify: () => ({}),
  });
}

function differences(wanted: HealthCheck, live: HealthCheck): string[] {
  const names = ['type', 'checkIntervalSec', 'timeoutSec', 'healthyThreshold', 'unhealthyThreshold'] as const;
  const http = ['port', 'requestPath'] as const;
  return [
    ...names.filter((name) => wanted[name] !== live[name]).map((name) => `${name}: ${live[name]} -> ${wanted[name]}`),
    ...http
      .filter((name) => wanted.httpHealthCheck?.[name] !== live.httpHealthCheck?.[name])
      .map((name) => `${name}: ${live.httpHealthCheck?.[name]} -> ${wanted.httpHealthCheck?.[name]}`),
  ];
}
