import type { RequestListener } from 'node:http';
import { startGcp } from '../../lab/gcp/gcp.ts';
import { memoryBalancers } from '../../lab/gcp/memory-balancers.ts';
import { memoryMachines } from '../../lab/gcp/memory-machines.ts';
import { systemClock } from '../../src/runtime.ts';
import { type Compute, openCompute } from '../../src/services/targets/gcp/compute.ts';
import type { Change, Input } from '../../src/services/targets/gcp/compute-calls.ts';

export const ZONE = 'europe-west3-c';
const PORT = 8002;

/** B's answers, as far as load and watch look at them. */
const answerAsB =
  (name: string, onRequest: () => void): RequestListener =>
  (incoming, outgoing) => {
    incoming.resume();
    if (incoming.url !== '/health') onRequest();
    incoming.on('end', () => {
      const timing = { ollama_seconds: 0.001, total_seconds: 0.002 };
      const invoke = { service: 'b', model: 'm', llm_text: 'x', timing, host: name };
      const body = incoming.url === '/health' ? { ok: true, service: 'b', host: name } : invoke;
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  };

/**
 * A Compute Engine with a group of one to three behind a load balancer, made by calls and not by chainctl.
 *
 * @param cpuPerRequest CPU seconds that a request costs whoever answers it; without it the load is what the test sets
 */
export async function startCloudGroup({ cpuPerRequest = 0 } = {}) {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const machines = memoryMachines({
    port: PORT,
    bootMs: 800,
    serveAfterMs: 300,
    answer: ({ name }) => answerAsB(name, () => count(name)),
  });
  const gcp = await startGcp({ machines, balancers: memoryBalancers(), timings: { stabilizationSeconds: 60 } });
  const compute = await openCompute({ project: gcp.project, zone: ZONE, endpoint: gcp.url, clock: systemClock });
  const address = await makeGroup(compute, gcp.settled);
  const busy = setInterval(() => {
    if (cpuPerRequest === 0) return;
    for (const [name, machine] of machines.all) machine.setCpu((counts.get(name) ?? 0) * cpuPerRequest * 2);
    counts.clear();
  }, 500);
  const stop = async () => {
    clearInterval(busy);
    await gcp.stop();
  };
  return { gcp, machines, url: `http://${address}`, stop };
}

async function makeGroup(compute: Compute, settled: () => Promise<void>): Promise<string> {
  const { project, newId } = compute;
  const make = async <Name extends Change>(name: Name, input: Omit<Input<Name>, 'requestId'>) => {
    await compute.begin(name, { requestId: newId(), ...input } as never, AbortSignal.timeout(20_000));
    await settled();
  };
  const path = (collection: string, name: string) => `projects/${project}/global/${collection}/${name}`;
  const zonal = (collection: string, name: string) => `projects/${project}/zones/${ZONE}/${collection}/${name}`;
  const check = { port: PORT, requestPath: '/health' };
  await make('instanceTemplates.insert', {
    instanceTemplateResource: {
      name: 'b-1',
      properties: {
        machineType: 'e2-medium',
        disks: [
          {
            boot: true,
            autoDelete: true,
            initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
          },
        ],
        networkInterfaces: [{ network: path('networks', 'default') }],
      },
    },
  });
  // A second of the lab is 20 ms: a busy machine must not pass for an unhealthy one.
  const timing = { checkIntervalSec: 5, timeoutSec: 5, healthyThreshold: 1, unhealthyThreshold: 10 };
  await make('healthChecks.insert', {
    healthCheckResource: { name: 'b-health', type: 'HTTP', httpHealthCheck: check, ...timing },
  });
  await make('firewalls.insert', {
    firewallResource: {
      name: 'b-probes',
      network: path('networks', 'default'),
      sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
      allowed: [{ IPProtocol: 'tcp', ports: [String(PORT)] }],
    },
  });
  await make('instanceGroupManagers.insert', {
    zone: ZONE,
    instanceGroupManagerResource: {
      name: 'llm-b-mig',
      baseInstanceName: 'llm-b',
      targetSize: 1,
      instanceTemplate: path('instanceTemplates', 'b-1'),
      namedPorts: [{ name: 'http', port: PORT }],
      autoHealingPolicies: [{ healthCheck: path('healthChecks', 'b-health'), initialDelaySec: 200 }],
    },
  });
  await make('autoscalers.insert', {
    zone: ZONE,
    autoscalerResource: {
      name: 'llm-b-scaler',
      target: zonal('instanceGroupManagers', 'llm-b-mig'),
      autoscalingPolicy: {
        minNumReplicas: 1,
        maxNumReplicas: 3,
        coolDownPeriodSec: 5,
        cpuUtilization: { utilizationTarget: 0.6 },
      },
    },
  });
  await make('backendServices.insert', {
    backendServiceResource: {
      name: 'llm-b-backend',
      loadBalancingScheme: 'EXTERNAL',
      protocol: 'HTTP',
      portName: 'http',
      healthChecks: [path('healthChecks', 'b-health')],
      backends: [{ group: zonal('instanceGroups', 'llm-b-mig') }],
    },
  });
  await make('urlMaps.insert', {
    urlMapResource: { name: 'b-map', defaultService: path('backendServices', 'llm-b-backend') },
  });
  await make('targetHttpProxies.insert', {
    targetHttpProxyResource: { name: 'b-proxy', urlMap: path('urlMaps', 'b-map') },
  });
  await make('forwardingRules.insert', {
    forwardingRuleResource: {
      name: 'b-rule',
      loadBalancingScheme: 'EXTERNAL',
      portRange: '80',
      IPProtocol: 'TCP',
      target: path('targetHttpProxies', 'b-proxy'),
    },
  });
  const rule = await compute.read('forwardingRules.get', { forwardingRule: 'b-rule' }, AbortSignal.timeout(20_000));
  return rule.IPAddress ?? 'unknown';
}
