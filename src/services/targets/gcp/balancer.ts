import type { Ownership, ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Address } from './compute-calls.ts';
import { PORT_NAME } from './group.ts';
import { BALANCER_CHECK } from './health-check.ts';
import { objectName } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change } from './operations.ts';
import { globalPath, pathIn, samePath } from './paths.ts';

const ADDRESS = 'address';
export const BACKEND = 'backend';
/** Apart from the backend service, see backend-group.ts. */
export const BACKEND_GROUP = 'backend-group';
const URL_MAP = 'url-map';
const PROXY = 'http-proxy';
export const RULE = 'forwarding-rule';

/** Backend service and forwarding rule must name the same one. */
const SCHEME = 'EXTERNAL_MANAGED';

/** The public address of service B: reserved first, so that A can be told of it (`reserved`) while the rest is being made. */
export function globalAddress(compute: Compute, owner: Ownership, reserved?: (address: string) => Promise<void>) {
  return namedObject(compute, owner, 'addresses', {
    key: ADDRESS,
    dependsOn: [],
    labelled: true,
    bodyOf: () => ({ ipVersion: 'IPV4', addressType: 'EXTERNAL' }),
    // Nothing but its labels can be changed.
    patch: async () => {},
    ready: async (_context, { address }) => reserved?.(address ?? ''),
    identify: ({ address }) => ({ address: address ?? '' }),
  });
}

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
  return namedObject(compute, owner, 'backendServices', {
    key: BACKEND,
    dependsOn: [BALANCER_CHECK],
    bodyOf: (spec: BackendSpec) => ({
      loadBalancingScheme: SCHEME,
      protocol: 'HTTP',
      portName: PORT_NAME,
      healthChecks: [check],
      timeoutSec: spec.requestSeconds,
      connectionDraining: { drainingTimeoutSec: spec.drainSeconds },
      logConfig: { enable: true, sampleRate: 1 },
    }),
    factsOf: (raw) => ({
      scheme: raw.loadBalancingScheme,
      timeout: raw.timeoutSec,
      draining: raw.connectionDraining?.drainingTimeoutSec,
      'port name': raw.portName,
      logging: raw.logConfig?.enable === true,
      'health check': pathIn(raw.healthChecks?.[0]),
    }),
    fixed: ['scheme'],
  });
}

/** Every path goes to service B. */
export function urlMap(compute: Compute, owner: Ownership) {
  const defaultService = globalPath(compute, 'backendServices', objectName(owner.stack, BACKEND));
  return namedObject(compute, owner, 'urlMaps', {
    key: URL_MAP,
    dependsOn: [BACKEND],
    beside: [BACKEND],
    bodyOf: () => ({ defaultService }),
    factsOf: (raw) => ({
      'backend service': pathIn(raw.defaultService),
      'rules for hosts': raw.hostRules?.length ?? 0,
    }),
    async patch(context, _spec, { name: map, description, fingerprint }) {
      const name = map ?? '';
      // Not a patch: rules that somebody added are to go.
      const urlMapResource = { name, description: description ?? '', fingerprint: fingerprint ?? '', defaultService };
      await change(compute, context, 'urlMaps.update', { urlMap: name, urlMapResource }, patchStep(URL_MAP));
    },
  });
}

/** Ends HTTP connections of clients. */
export function httpProxy(compute: Compute, owner: Ownership) {
  const wanted = globalPath(compute, 'urlMaps', objectName(owner.stack, URL_MAP));
  return namedObject(compute, owner, 'targetHttpProxies', {
    key: PROXY,
    dependsOn: [URL_MAP],
    beside: [URL_MAP],
    bodyOf: () => ({ urlMap: wanted }),
    factsOf: (raw) => ({ 'URL map': pathIn(raw.urlMap) }),
    async patch(context, _spec, { name }) {
      const input = { targetHttpProxy: name ?? '', urlMapReferenceResource: { urlMap: wanted } };
      await change(compute, context, 'targetHttpProxies.setUrlMap', input, patchStep(PROXY));
    },
  });
}

/**
 * What connects the public address with the load balancer: from here on B can be reached, and costs by the hour.
 *
 * @param serves resolves once B really answers at this address
 */
export function forwardingRule(
  compute: Compute,
  owner: Ownership,
  serves?: (context: ResourceContext, address: string) => Promise<void>,
) {
  const target = globalPath(compute, 'targetHttpProxies', objectName(owner.stack, PROXY));
  return namedObject(compute, owner, 'forwardingRules', {
    key: RULE,
    dependsOn: [PROXY, ADDRESS, BACKEND_GROUP],
    beside: [PROXY],
    // Front ends take minutes to learn of a new load balancer: they do it while the image is baked.
    ahead: [BACKEND_GROUP],
    labelled: true,
    bodyOf: () => ({
      IPAddress: globalPath(compute, 'addresses', objectName(owner.stack, ADDRESS)),
      IPProtocol: 'TCP',
      portRange: '80',
      target,
      loadBalancingScheme: SCHEME,
    }),
    factsOf: (raw) => ({
      scheme: raw.loadBalancingScheme,
      // The API answers a range also where one port was given.
      port: raw.portRange?.replace(/^(\d+)-\1$/, '$1'),
      proxy: pathIn(raw.target),
    }),
    fixed: ['scheme', 'port'],
    async patch(context, _spec, raw) {
      if (samePath(raw.target, target)) return;
      const input = { forwardingRule: raw.name ?? '', targetReferenceResource: { target } };
      await change(compute, context, 'forwardingRules.setTarget', input, patchStep(RULE));
    },
    async ready(context, raw) {
      const address = (await context.live?.(ADDRESS)) as Address | undefined;
      await serves?.(context, address?.address || raw.IPAddress || '');
    },
    identify: ({ IPAddress }) => ({ address: IPAddress ?? '' }),
  });
}
