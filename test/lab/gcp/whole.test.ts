import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compute, type compute_v1 } from '@googleapis/compute';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABEL } from '../../../lab/cache.ts';
import { labDocker } from '../../../lab/images.ts';
import { type BothClouds, startLab } from '../../../lab/lab.ts';
import { labObstacle } from '../../../lab/support.ts';

const obstacle = await labObstacle(true);

const zone = 'europe-west3-c';
const instanceGroupManager = 'mig';
/** Answers with its host's name; `/busy` after 50 ms of work. */
const SERVICE = `
  require('node:http').createServer((request, response) => {
    const until = performance.now() + (request.url === '/busy' ? 50 : 0);
    while (performance.now() < until);
    response.end(process.env.NAME);
  }).listen(8002);
`;
/** The container of the builder has its name: each boot makes one with the name of its machine. */
const STARTUP = `#!/bin/bash
until docker info > /dev/null 2>&1; do sleep 0.1; done
docker rm --force service > /dev/null 2>&1
docker run --detach --init --name service --network host --env NAME="$(hostname)" node:26-bookworm-slim node -e "${SERVICE}"
`;

/** Group manager, autoscaler, machines and load balancer together: what each does alone is in the other files. */
describe.skipIf(obstacle)(`a group of the lab's machines${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: BothClouds;
  let api: compute_v1.Compute;
  let project: string;
  let url: string;

  beforeAll(async () => {
    lab = await startLab({ vms: true, gcp: true });
    api = compute({ version: 'v1', rootUrl: `${lab.gcp.url}/` });
    project = lab.gcp.project;
  });
  afterAll(() => lab?.stop());

  const done = async (call: Promise<{ data: compute_v1.Schema$Operation }>) => {
    let { data } = await call;
    while (data.status !== 'DONE') {
      const operation = data.name ?? '';
      const waited = data.zone
        ? api.zoneOperations.wait({ project, zone, operation })
        : api.globalOperations.wait({ project, operation });
      data = (await waited).data;
    }
    expect(data.error).toBeUndefined();
  };
  const properties = (sourceImage: string) => ({
    machineType: 'e2-standard-2',
    disks: [{ boot: true, autoDelete: true, initializeParams: { sourceImage } }],
    networkInterfaces: [{ network: 'global/networks/default' }],
    metadata: { items: [{ key: 'startup-script', value: STARTUP }] },
  });
  const template = (name: string) =>
    done(
      api.instanceTemplates.insert({
        project,
        requestBody: { name, properties: properties(`projects/${project}/global/images/baked`) },
      }),
    );
  const group = async () => (await api.instanceGroupManagers.get({ project, zone, instanceGroupManager })).data;
  const members = async () =>
    (await api.instanceGroupManagers.listManagedInstances({ project, zone, instanceGroupManager })).data
      .managedInstances ?? [];
  const stable = (size: number) =>
    expect
      .poll(async () => ({ size: (await members()).length, stable: (await group()).status?.isStable }), WAIT)
      .toEqual({ size, stable: true });
  const WAIT = { timeout: 60_000, interval: 200 };
  const hosts = async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => status(url)));
    return [...new Set(answers)].sort();
  };
  const names = async () => (await members()).map(({ instance }) => instance?.split('/').at(-1) as string).sort();
  const resize = async (size: number) => {
    await done(api.instanceGroupManagers.resize({ project, zone, instanceGroupManager, size }));
    await stable(size);
    await expect.poll(hosts, WAIT).toEqual(await names());
  };

  /** What requests without a pause are answered with while `work` goes on, besides answers of hosts. */
  const failuresDuring = async (work: () => Promise<unknown>) => {
    const failures: string[] = [];
    let over = false;
    const client = async () => {
      while (!over) {
        const answer = await status(url);
        if (!answer.startsWith('b-')) failures.push(answer);
        await sleep(5);
      }
    };
    const clients = [client(), client()];
    await work();
    over = true;
    await Promise.all(clients);
    return failures;
  };

  it('boots from the image of a builder', async () => {
    const sourceImage = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64';
    const requestBody = {
      name: 'builder',
      ...properties(sourceImage),
      machineType: `zones/${zone}/machineTypes/e2-small`,
    };
    await done(api.instances.insert({ project, zone, requestBody }));
    const { data } = await api.instances.get({ project, zone, instance: 'builder' });
    const address = data.networkInterfaces?.[0]?.networkIP;
    await expect.poll(() => status(`http://${address}:8002/health`), WAIT).toBe('builder');
    await done(api.instances.stop({ project, zone, instance: 'builder' }));
    const sourceDisk = `zones/${zone}/disks/builder`;
    await done(api.images.insert({ project, requestBody: { name: 'baked', sourceDisk } }));
    await done(api.instances.delete({ project, zone, instance: 'builder' }));
    await template('t1');
  });

  it('serves behind a load balancer', async () => {
    const allowed = [{ IPProtocol: 'tcp', ports: ['8002'] }];
    const sourceRanges = ['130.211.0.0/22', '35.191.0.0/16'];
    await done(api.firewalls.insert({ project, requestBody: { name: 'fw', allowed, sourceRanges } }));
    const check = {
      name: 'hc',
      type: 'HTTP',
      checkIntervalSec: 5,
      httpHealthCheck: { port: 8002, requestPath: '/health' },
    };
    await done(api.healthChecks.insert({ project, requestBody: check }));
    const healthCheck = 'global/healthChecks/hc';
    const mig = {
      ...{
        name: instanceGroupManager,
        baseInstanceName: 'b',
        targetSize: 1,
        instanceTemplate: 'global/instanceTemplates/t1',
      },
      namedPorts: [{ name: 'http', port: 8002 }],
      autoHealingPolicies: [{ healthCheck, initialDelaySec: 300 }],
    };
    await done(api.instanceGroupManagers.insert({ project, zone, requestBody: mig }));
    const scheme = { loadBalancingScheme: 'EXTERNAL_MANAGED' };
    const backends = [{ group: `zones/${zone}/instanceGroups/mig` }];
    const draining = { connectionDraining: { drainingTimeoutSec: 20 }, timeoutSec: 100 };
    const service = { name: 'bes', healthChecks: [healthCheck], backends, ...draining, ...scheme };
    await done(api.backendServices.insert({ project, requestBody: service }));
    const defaultService = 'global/backendServices/bes';
    await done(api.urlMaps.insert({ project, requestBody: { name: 'um', defaultService } }));
    await done(api.targetHttpProxies.insert({ project, requestBody: { name: 'px', urlMap: 'global/urlMaps/um' } }));
    const rule = { name: 'fr', target: 'global/targetHttpProxies/px', portRange: '80', ...scheme };
    await done(api.globalForwardingRules.insert({ project, requestBody: rule }));
    const { data } = await api.globalForwardingRules.get({ project, forwardingRule: 'fr' });
    url = `http://${data.IPAddress}/`;
    await stable(1);
    await expect.poll(hosts, WAIT).toEqual(await names());
    await resize(2);
  });

  it('is replaced machine by machine while requests go on, and none fails', async () => {
    const before = await names();
    await template('t2');
    const failures = await failuresDuring(async () => {
      const versions = [{ instanceTemplate: 'global/instanceTemplates/t2' }];
      const updatePolicy = {
        type: 'PROACTIVE',
        minimalAction: 'REPLACE',
        maxSurge: { fixed: 1 },
        maxUnavailable: { fixed: 0 },
      };
      const requestBody = { versions, updatePolicy };
      await done(api.instanceGroupManagers.patch({ project, zone, instanceGroupManager, requestBody }));
      await expect.poll(async () => (await group()).status?.versionTarget?.isReached, WAIT).toBe(true);
      await stable(2);
    });
    expect(failures).toEqual([]);
    expect((await names()).filter((name) => before.includes(name))).toEqual([]);
  });

  it('gets a machine back that was killed', async () => {
    const [victim] = await members();
    const instance = victim?.instance?.split('/').at(-1) as string;
    await labDocker().docker('kill', `${LABEL}-${basename(lab.folder)}-${victim?.id}`);
    await expect.poll(async () => (await members()).some(({ id }) => id === victim?.id), WAIT).toBe(false);
    await stable(2);
    await expect.poll(hosts, WAIT).toContain(instance);
    await resize(1);
  });

  it('grows to its maximum with the load, and shrinks without', async () => {
    const autoscalingPolicy = {
      ...{ minNumReplicas: 1, maxNumReplicas: 3, coolDownPeriodSec: 60 },
      cpuUtilization: { utilizationTarget: 0.6 },
    };
    const target = `zones/${zone}/instanceGroupManagers/mig`;
    await done(api.autoscalers.insert({ project, zone, requestBody: { name: 'mig', target, autoscalingPolicy } }));
    let over = false;
    const load = async () => {
      while (!over) {
        await status(`${url}busy`);
        await sleep(30);
      }
    };
    const clients = [load()];
    await expect.poll(async () => (await group()).targetSize, WAIT).toBe(3);
    await stable(3);
    await expect.poll(hosts, WAIT).toEqual(await names());
    over = true;
    await Promise.all(clients);
    await expect.poll(async () => (await group()).targetSize, WAIT).toBe(1);
    await stable(1);
    await expect.poll(hosts, WAIT).toEqual(await names());
    expect(lab.gcp.problems).toEqual([]);
  });
});

/** The answer's text, or its status when it is none of success, or what went wrong. */
async function status(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(15_000) });
    const text = await response.text();
    return response.ok ? text : String(response.status);
  } catch (error) {
    return String(error);
  }
}
