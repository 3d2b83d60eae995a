import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compute, type compute_v1 } from '@googleapis/compute';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noPort80 } from '../../../test/support/port-80.ts';
import { type Gcp, startGcp } from '../../gcp/gcp.ts';
import { memoryBalancers } from '../../gcp/memory-balancers.ts';
import { memoryMachines } from '../../gcp/memory-machines.ts';
import { has } from '../../shell.ts';

/** Programs that nobody here wrote bring the whole chain up and down: what they understand is what Google says. */

const ZONE = 'europe-west3-c';
const NOTHING = expect.toSatisfy((counts: Record<string, number>) =>
  Object.values(counts).every((count) => count === 0),
);
const noGcloud = (await has('gcloud')) ? noPort80 : 'gcloud is not installed';

let config: string;
let gcp: Gcp;

beforeAll(async () => {
  config = await mkdtemp(join(tmpdir(), 'lab-gcloud-'));
});
afterAll(() => rm(config, { recursive: true, force: true }));
beforeEach(async () => {
  gcp = await startGcp({ machines: memoryMachines(), balancers: memoryBalancers(), gcloudConfig: config });
});
afterEach(async () => {
  await gcp.stop();
  expect(gcp.problems).toEqual([]);
});

/** Hosts that answer at an address, once `count` different ones do. */
async function hostsAt(address: string, count: number): Promise<void> {
  const seen = new Set<string>();
  await vi.waitFor(
    async () => {
      const response = await fetch(`http://${address}/health`);
      expect(response.status).toBe(200);
      seen.add(((await response.json()) as { hostname: string }).hostname);
      expect(seen.size).toBe(count);
    },
    { timeout: 20_000, interval: 10 },
  );
}

describe.skipIf(noGcloud)(`gcloud${noGcloud ? ` (not here: ${noGcloud})` : ''}`, () => {
  /** `gcloud compute ...` with its JSON. */
  const run = (line: string) => gcp.gcloud('compute', ...line.split(' ')) as Promise<Record<string, unknown>[]>;
  const one = async (line: string) => (await run(line)) as unknown as Record<string, unknown>;

  it('creates, lists, describes, resizes, replaces and deletes the chain', { timeout: 170_000 }, async () => {
    const ranges = '130.211.0.0/22,35.191.0.0/16';
    const template = '--machine-type=e2-standard-2 --image-family=debian-12 --image-project=debian-cloud --tags=llm';
    await Promise.all([
      run(`firewall-rules create fw --allow=tcp:8002 --source-ranges=${ranges} --target-tags=llm`),
      run(`instance-templates create t1 ${template}`),
      run(`instance-templates create t2 ${template} --metadata=a=b`),
      run('health-checks create http hc --port=8002 --request-path=/health --global'),
      run('addresses create ip --global'),
    ]);
    const base = '--base-instance-name=llm-b --health-check=hc --initial-delay=60';
    await run(`instance-groups managed create mig --zone=${ZONE} --template=t1 --size=1 ${base}`);
    await run(`instance-groups managed set-named-ports mig --zone=${ZONE} --named-ports=http:8002`);
    const front = '--protocol=HTTP --port-name=http --health-checks=hc --timeout=600 --connection-draining-timeout=3';
    await run(`backend-services create bes --global ${front}`);
    await run(`backend-services add-backend bes --global --instance-group=mig --instance-group-zone=${ZONE}`);
    await run('url-maps create um --default-service=bes');
    await run('target-http-proxies create px --url-map=um');
    await run('forwarding-rules create fr --global --target-http-proxy=px --address=ip --ports=80');
    const { address, status } = await one('addresses describe ip --global');
    expect(status).toBe('IN_USE');
    await hostsAt(String(address), 1);

    await run(`instance-groups managed resize mig --size=2 --zone=${ZONE}`);
    await gcp.gcloud('compute', 'instance-groups', 'managed', 'wait-until', 'mig', '--stable', `--zone=${ZONE}`);
    await hostsAt(String(address), 2);
    const health = await run('backend-services get-health bes --global');
    expect(health[0]?.status).toMatchObject({ healthStatus: [{ healthState: 'HEALTHY' }, { healthState: 'HEALTHY' }] });

    await run(`instance-groups managed rolling-action start-update mig --version=template=t2 --zone=${ZONE}`);
    await gcp.gcloud(
      ...`compute instance-groups managed wait-until mig --version-target-reached --zone=${ZONE}`.split(' '),
    );
    const managed = await run(`instance-groups managed list-instances mig --zone=${ZONE}`);
    expect(managed.map((each) => (each.version as { instanceTemplate: string }).instanceTemplate)).toEqual([
      expect.stringMatching(/\/t2$/),
      expect.stringMatching(/\/t2$/),
    ]);

    await run(`instance-groups managed set-autoscaling mig --zone=${ZONE} --min-num-replicas=1 --max-num-replicas=3`);
    const group = await one(`instance-groups managed describe mig --zone=${ZONE}`);
    expect(group.autoscaler).toMatchObject({ autoscalingPolicy: { maxNumReplicas: 3, coolDownPeriodSec: 60 } });
    await vi.waitFor(async () => expect((await run('instances list')).length).toBe(1), { timeout: 20_000 });

    // Several projects at once, in one request.
    const images = await run('images list --filter=family=debian-12');
    expect(images.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^debian-12-bookworm-v/));

    await expect(run('url-maps delete um')).rejects.toThrow(/already being used by/);
    await run('forwarding-rules delete fr --global');
    await run('addresses delete ip --global');
    await run('target-http-proxies delete px');
    await run('url-maps delete um');
    await run('backend-services delete bes --global');
    // It takes the autoscaler away first.
    await run(`instance-groups managed delete mig --zone=${ZONE}`);
    await Promise.all([
      run('instance-templates delete t1 t2'),
      run('health-checks delete hc --global'),
      run('firewall-rules delete fw'),
    ]);
    expect(await run('instances list')).toEqual([]);
    expect(gcp.count()).toEqual(NOTHING);
  });
});

describe.skipIf(noPort80)(`@googleapis/compute${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('creates, lists, describes, resizes and deletes the chain', async () => {
    const api = compute({ version: 'v1', rootUrl: `${gcp.url}/` });
    const { project } = gcp;
    const zone = ZONE;
    const done = async (call: Promise<{ data: compute_v1.Schema$Operation }>) => {
      let { data } = await call;
      while (data.status !== 'DONE') {
        const operation = data.name ?? '';
        const wait = data.zone
          ? api.zoneOperations.wait({ project, zone, operation })
          : api.globalOperations.wait({ project, operation });
        data = (await wait).data;
      }
      expect(data.error).toBeUndefined();
    };
    const healthCheck = 'global/healthChecks/hc';
    const sourceImage = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64';
    await done(
      api.firewalls.insert({
        project,
        requestBody: {
          name: 'fw',
          allowed: [{ IPProtocol: 'tcp', ports: ['8000-8010'] }],
          sourceRanges: ['0.0.0.0/0'],
        },
      }),
    );
    const properties = {
      machineType: 'e2-standard-4',
      disks: [{ boot: true, autoDelete: true, initializeParams: { sourceImage } }],
      networkInterfaces: [{ network: 'global/networks/default' }],
    };
    await done(api.instanceTemplates.insert({ project, requestBody: { name: 't1', properties } }));
    const check = { name: 'hc', type: 'HTTP', httpHealthCheck: { port: 8002, requestPath: '/health' } };
    await done(api.healthChecks.insert({ project, requestBody: check }));
    await done(
      api.instanceGroupManagers.insert({
        ...{ project, zone },
        requestBody: {
          ...{ name: 'mig', baseInstanceName: 'llm-b', targetSize: 1, instanceTemplate: 'global/instanceTemplates/t1' },
          namedPorts: [{ name: 'http', port: 8002 }],
          autoHealingPolicies: [{ healthCheck, initialDelaySec: 60 }],
        },
      }),
    );
    await done(api.globalAddresses.insert({ project, requestBody: { name: 'ip' } }));
    const scheme = { loadBalancingScheme: 'EXTERNAL_MANAGED' };
    const backends = [{ group: `zones/${zone}/instanceGroups/mig` }];
    await done(
      api.backendServices.insert({
        project,
        requestBody: { name: 'bes', healthChecks: [healthCheck], backends, ...scheme },
      }),
    );
    await done(
      api.urlMaps.insert({ project, requestBody: { name: 'um', defaultService: 'global/backendServices/bes' } }),
    );
    await done(api.targetHttpProxies.insert({ project, requestBody: { name: 'px', urlMap: 'global/urlMaps/um' } }));
    const target = 'global/targetHttpProxies/px';
    const IPAddress = 'global/addresses/ip';
    await done(
      api.globalForwardingRules.insert({
        project,
        requestBody: { name: 'fr', target, IPAddress, portRange: '80', ...scheme },
      }),
    );
    await done(api.instanceGroupManagers.resize({ project, zone, instanceGroupManager: 'mig', size: 3 }));

    const { data: address } = await api.globalAddresses.get({ project, address: 'ip' });
    await hostsAt(address.address ?? '', 3);
    await vi.waitFor(async () => {
      const { data: group } = await api.instanceGroupManagers.get({ project, zone, instanceGroupManager: 'mig' });
      expect(group).toMatchObject({ targetSize: 3, status: { isStable: true, versionTarget: { isReached: true } } });
    });
    const { data: instances } = await api.instances.list({
      project,
      zone,
      filter: 'name eq "llm-b-.*"',
      maxResults: 2,
    });
    expect(instances.items?.length).toBe(2);
    const rest = await api.instances.list({ project, zone, maxResults: 2, pageToken: instances.nextPageToken ?? '' });
    expect(rest.data.items?.length).toBe(1);

    await done(api.globalForwardingRules.delete({ project, forwardingRule: 'fr' }));
    await done(api.globalAddresses.delete({ project, address: 'ip' }));
    await done(api.targetHttpProxies.delete({ project, targetHttpProxy: 'px' }));
    await done(api.urlMaps.delete({ project, urlMap: 'um' }));
    await done(api.backendServices.delete({ project, backendService: 'bes' }));
    await done(api.instanceGroupManagers.delete({ project, zone, instanceGroupManager: 'mig' }));
    await done(api.instanceTemplates.delete({ project, instanceTemplate: 't1' }));
    await done(api.healthChecks.delete({ project, healthCheck: 'hc' }));
    await done(api.firewalls.delete({ project, firewall: 'fw' }));
    expect(gcp.count()).toEqual(NOTHING);
  });
});
