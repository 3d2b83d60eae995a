import type { Caller } from './caller.ts';
import type { InstanceProperties } from './model.ts';

export const ZONE = 'zones/europe-west3-c';
export const GROUP = `${ZONE}/instanceGroupManagers/mig`;

export const PROPERTIES: InstanceProperties = {
  machineType: 'e2-standard-2',
  tags: { items: ['llm'] },
  disks: [
    {
      ...{ boot: true, autoDelete: true },
      initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
    },
  ],
  networkInterfaces: [{ network: 'global/networks/default', accessConfigs: [{ type: 'ONE_TO_ONE_NAT' }] }],
};

export const INSTANCE = { name: 'vm', ...PROPERTIES, machineType: `${ZONE}/machineTypes/e2-standard-2` };

export const FIREWALL = {
  name: 'fw',
  allowed: [{ IPProtocol: 'tcp', ports: ['8002'] }],
  sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
  targetTags: ['llm'],
};

export const HEALTH_CHECK = {
  ...{ name: 'hc', type: 'HTTP', httpHealthCheck: { port: 8002, requestPath: '/health' } },
  ...{ checkIntervalSec: 1, timeoutSec: 1, unhealthyThreshold: 2, healthyThreshold: 1 },
};

export const MANAGER = {
  ...{ name: 'mig', baseInstanceName: 'llm-b', targetSize: 2, instanceTemplate: 'global/instanceTemplates/t1' },
  namedPorts: [{ name: 'http', port: 8002 }],
  autoHealingPolicies: [{ healthCheck: 'global/healthChecks/hc', initialDelaySec: 60 }],
};

/** A group with what it needs: firewall, template, health check. */
export async function makeGroup(api: Caller, changes: object = {}): Promise<void> {
  await api.must('POST', 'global/firewalls', FIREWALL);
  await api.must('POST', 'global/instanceTemplates', { name: 't1', properties: PROPERTIES });
  await api.must('POST', 'global/healthChecks', HEALTH_CHECK);
  await api.must('POST', `${ZONE}/instanceGroupManagers`, { ...MANAGER, ...changes });
}

/** What leads from the public address to the group. @returns the address */
export async function makeFront(api: Caller, service: object = {}): Promise<string> {
  const scheme = { loadBalancingScheme: 'EXTERNAL_MANAGED' };
  await api.must('POST', 'global/addresses', { name: 'ip' });
  await api.must('POST', 'global/backendServices', {
    ...{ name: 'bes', portName: 'http', healthChecks: ['global/healthChecks/hc'], ...scheme },
    backends: [{ group: `${ZONE}/instanceGroups/mig` }],
    ...service,
  });
  await api.must('POST', 'global/urlMaps', { name: 'um', defaultService: 'global/backendServices/bes' });
  await api.must('POST', 'global/targetHttpProxies', { name: 'px', urlMap: 'global/urlMaps/um' });
  await api.must('POST', 'global/forwardingRules', {
    ...{ name: 'fr', target: 'global/targetHttpProxies/px', IPAddress: 'global/addresses/ip', portRange: '80' },
    ...scheme,
  });
  return (await api.get<{ address: string }>('global/addresses/ip')).address;
}
