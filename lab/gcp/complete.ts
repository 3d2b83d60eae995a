import type { Cloud } from './cloud.ts';
import { invalid, notFound, required } from './errors.ts';
import type { BackendService, Body, Firewall, ForwardingRule, HealthCheck } from './model.ts';
import { linkTo, type Place, pathIn, pathOf } from './names.ts';

export function completeFirewall(body: Firewall, project: string): Body {
  if (!body.allowed?.length && !body.denied?.length) throw required('resource.allowed');
  const defaults = { direction: 'INGRESS', priority: 1000, disabled: false, logConfig: { enable: false } };
  const from = body.direction === 'EGRESS' || body.sourceTags?.length ? {} : { sourceRanges: ['0.0.0.0/0'] };
  return { ...defaults, ...from, network: linkTo(`projects/${project}/global/networks/default`), ...body };
}

export function completeHealthCheck(body: HealthCheck): Body {
  if (!body.type) throw required('resource.type');
  const own = { HTTP: body.httpHealthCheck, TCP: body.tcpHealthCheck }[body.type];
  if (body.type !== 'HTTP' && body.type !== 'TCP')
    throw invalid('resource.type', body.type, 'The lab knows HTTP and TCP.');
  if (!own) throw invalid('resource.type', body.type, `Field ${body.type.toLowerCase()}HealthCheck must be specified.`);
  const times = { checkIntervalSec: 5, timeoutSec: 5, healthyThreshold: 2, unhealthyThreshold: 2, ...given(body) };
  if (times.timeoutSec > times.checkIntervalSec)
    throw invalid('resource.timeoutSec', times.timeoutSec, 'Must be less than or equal to checkIntervalSec.');
  return { ...body, ...times };
}

function given({ checkIntervalSec, timeoutSec, healthyThreshold, unhealthyThreshold }: HealthCheck) {
  const times = { checkIntervalSec, timeoutSec, healthyThreshold, unhealthyThreshold };
  return Object.fromEntries(Object.entries(times).filter(([, value]) => typeof value === 'number')) as Partial<
    Record<keyof typeof times, number>
  >;
}

export function completeAddress(cloud: Cloud, body: Body, { scope }: Place): Body {
  const inRegion = scope.startsWith('regions/');
  const address = body.address ?? cloud.balancers.newAddress();
  const tier = { addressType: 'EXTERNAL', networkTier: 'PREMIUM', ...(inRegion ? {} : { ipVersion: 'IPV4' }) };
  return { ...tier, ...body, address, status: 'RESERVED' };
}

export function completeBackendService(body: BackendService): Body {
  const protocol = body.protocol ?? 'HTTP';
  if ((body.backends?.length ?? 0) > 0 && body.healthChecks?.length !== 1)
    throw invalid('resource.healthChecks', body.healthChecks ?? '', 'Exactly one health check is required.');
  const backends = (body.backends ?? []).map((each, i) => {
    if (!each.group) throw required(`resource.backends[${i}].group`);
    if (each.balancingMode === 'RATE' && !each.maxRate && !each.maxRatePerInstance)
      throw required(`resource.backends[${i}].maxRatePerInstance`);
    return { balancingMode: 'UTILIZATION', capacityScaler: 1, ...each };
  });
  const defaults = {
    loadBalancingScheme: 'EXTERNAL',
    timeoutSec: 30,
    portName: 'http',
    sessionAffinity: 'NONE',
    affinityCookieTtlSec: 0,
  };
  return {
    connectionDraining: { drainingTimeoutSec: 0 },
    ...defaults,
    ...body,
    protocol,
    backends,
    port: body.port ?? 80,
  };
}

/** @throws ApiError for an address that is not reserved, or a scheme that the backend service does not share */
export function completeRule(cloud: Cloud, body: ForwardingRule): Body {
  const { store, project } = cloud;
  if (!body.target) throw required('resource.target');
  if (!body.portRange) throw required('resource.portRange');
  const reserved = pathIn(body.IPAddress, project);
  const address = reserved === undefined ? undefined : store.getReady<{ address: string }>(reserved).body.address;
  const rule = {
    ...{ IPProtocol: 'TCP', loadBalancingScheme: 'EXTERNAL', networkTier: 'PREMIUM' },
    ...body,
    IPAddress: address ?? body.IPAddress ?? cloud.balancers.newAddress(),
    portRange: /^\d+$/.test(body.portRange) ? `${body.portRange}-${body.portRange}` : body.portRange,
  };
  const other = store
    .all<ForwardingRule>('forwardingRules')
    .find(
      (each) =>
        each.body.IPAddress === rule.IPAddress &&
        each.body.portRange === rule.portRange &&
        each.place.name !== body.name,
    );
  if (other) {
    const why = `Specified IP address is in-use and would result in a conflict.`;
    throw invalid('resource.IPAddress', rule.IPAddress, why);
  }
  const proxy = store.find<{ urlMap: string }>(pathIn(body.target, project));
  if (!proxy) throw notFound(pathIn(body.target, project) ?? body.target);
  const map = store.find<{ defaultService: string }>(pathIn(proxy.body.urlMap, project));
  const service = store.find<BackendService>(pathIn(map?.body.defaultService, project));
  const scheme = service?.body.loadBalancingScheme;
  if (scheme && scheme !== rule.loadBalancingScheme) {
    const why = `Load balancing scheme of the forwarding rule and of the backend service must match (${scheme}).`;
    throw invalid('resource.loadBalancingScheme', rule.loadBalancingScheme, why);
  }
  return rule;
}

/** Shows who uses an address. */
export function showAddress({ store }: Cloud, body: Body): Body {
  const users = store.all<ForwardingRule>('forwardingRules').filter((rule) => rule.body.IPAddress === body.address);
  if (users.length === 0) return body;
  return { ...body, status: 'IN_USE', users: users.map((rule) => linkTo(pathOf(rule.place))) };
}
