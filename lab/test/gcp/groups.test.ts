import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noPort80 } from '../../../test/support/port-80.ts';
import { Caller } from '../../gcp/caller.ts';
import { GROUP, MANAGER, makeFront, makeGroup, PROPERTIES, ZONE } from '../../gcp/chain.ts';
import { type Gcp, startGcp } from '../../gcp/gcp.ts';
import { memoryBalancers } from '../../gcp/memory-balancers.ts';
import { type MemoryMachines, memoryMachines } from '../../gcp/memory-machines.ts';
import type { Autoscaler, Body, Group, ManagedInstance } from '../../gcp/model.ts';
import { lastPart } from '../../gcp/names.ts';
import type { Timings } from '../../gcp/timings.ts';

let machines: MemoryMachines;
let gcp: Gcp;
let api: Caller;

async function start(
  timings: Partial<Timings> = {},
  options: Parameters<typeof memoryMachines>[0] = {},
): Promise<void> {
  machines = memoryMachines(options);
  gcp = await startGcp({ machines, balancers: memoryBalancers(), timings });
  api = new Caller(gcp);
}

beforeEach(() => start());
afterEach(async () => {
  await gcp.stop();
  expect(gcp.problems).toEqual([]);
});

const group = (path = GROUP) => api.get<Group>(path);
const managed = async (path = GROUP): Promise<ManagedInstance[]> => {
  const { body } = await api.call('POST', `${path}/listManagedInstances`);
  return (body.managedInstances ?? []) as ManagedInstance[];
};
const soon = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 20_000, interval: 5 });
const stable = (size: number, path = GROUP) =>
  soon(async () => {
    expect((await group(path)).status?.isStable).toBe(true);
    expect(await managed(path)).toHaveLength(size);
  });

describe('a group', () => {
  it('makes as many instances as it should have, and tells how far each is', async () => {
    const seen = new Set<string>();
    // Slow enough that each state is met by a look, also on a busy machine.
    await gcp.stop();
    await start({}, { bootMs: 400, serveAfterMs: 400 });
    await makeGroup(api);
    expect((await group()).status?.isStable).toBe(false);
    await soon(async () => {
      for (const { currentAction } of await managed()) seen.add(currentAction ?? '');
      expect((await group()).status).toMatchObject({ isStable: true, versionTarget: { isReached: true } });
    });
    expect([...seen]).toEqual(expect.arrayContaining(['CREATING', 'VERIFYING']));
    expect(await managed()).toMatchObject(
      Array(2).fill({
        ...{ name: expect.stringMatching(/^llm-b-[a-z0-9]{4}$/), currentAction: 'NONE', instanceStatus: 'RUNNING' },
        instanceHealth: [{ detailedHealthState: 'HEALTHY' }],
        version: { instanceTemplate: expect.stringMatching(/\/t1$/) },
      }),
    );
    expect(await api.get(`${ZONE}/instanceGroups/mig`)).toMatchObject({
      size: 2,
      namedPorts: [{ name: 'http', port: 8002 }],
    });
  });

  it('is resized, and shrinks by the instances that are named', async () => {
    await makeGroup(api);
    await api.must('POST', `${GROUP}/resize?size=3`);
    await stable(3);
    const [first] = await managed();
    await api.must('POST', `${GROUP}/deleteInstances`, { instances: [first?.instance] });
    await stable(2);
    expect((await managed()).map(({ name }) => name)).not.toContain(first?.name);
    expect((await group()).targetSize).toBe(2);
    expect(
      (await api.call('POST', `${GROUP}/deleteInstances`, { instances: [`${ZONE}/instances/other`] })).reason,
    ).toBe('invalid');
  });

  it('makes anew what was deleted by hand, under the same name', async () => {
    await makeGroup(api);
    await stable(2);
    const [first] = await managed();
    await api.must('DELETE', `${ZONE}/instances/${first?.name}`);
    await soon(async () => expect(machines.booted).toHaveLength(3));
    await stable(2);
    expect((await managed()).map(({ name }) => name)).toContain(first?.name);
  });

  it('makes anew what is not healthy any more', async () => {
    await makeGroup(api);
    await stable(2);
    const [[name, machine] = []] = [...machines.all];
    await machine?.setHealth('fails');
    await soon(async () =>
      expect((await managed()).find((each) => each.name === name)?.currentAction).toBe('RECREATING'),
    );
    await stable(2);
    expect(machines.all.get(name ?? '')).not.toBe(machine);
  });

  it('leaves a new instance alone for its initial delay, then says that it never became healthy', async () => {
    await gcp.stop();
    await start({}, { serveAfterMs: () => Number.POSITIVE_INFINITY });
    await makeGroup(api, {
      targetSize: 1,
      autoHealingPolicies: [{ ...MANAGER.autoHealingPolicies[0], initialDelaySec: 10 }],
    });
    await soon(async () => {
      const { body } = await api.call('GET', `${GROUP}/listErrors`);
      expect(body.items).toMatchObject([{ error: { code: 'WAITING_FOR_HEALTHY_TIMEOUT_EXCEEDED' } }]);
    });
    await soon(async () => expect(machines.booted.length).toBeGreaterThan(1));
  });

  it('tells about quota and stock-out while its own insert goes well, and tries again', async () => {
    gcp.behaviour.stockOuts.add('europe-west3-c');
    await makeGroup(api, { targetSize: 1 });
    await soon(async () => {
      const [only] = await managed();
      expect(only).toMatchObject({
        currentAction: 'CREATING',
        lastAttempt: { errors: { errors: [{ code: 'ZONE_RESOURCE_POOL_EXHAUSTED' }] } },
      });
    });
    const { items } = await api.get<{ items: Body[] }>(`${GROUP}/listErrors`);
    expect(items[0]).toMatchObject({
      error: { code: 'ZONE_RESOURCE_POOL_EXHAUSTED' },
      instanceActionDetails: { action: 'CREATING' },
    });
    gcp.behaviour.stockOuts.clear();
    gcp.behaviour.quotas.CPUS = 1;
    await soon(async () => expect((await managed())[0]?.lastAttempt?.errors?.errors?.[0]?.code).toBe('QUOTA_EXCEEDED'));
    expect(gcp.count()).toMatchObject({ instances: 0, disks: 0 });
    gcp.behaviour.quotas.CPUS = 72;
    await stable(1);
  });

  it('in a region spreads over its zones', async () => {
    await makeGroup(api);
    const path = 'regions/europe-west3/instanceGroupManagers';
    await api.must('POST', path, { ...MANAGER, name: 'wide', baseInstanceName: 'wide', targetSize: 3 });
    await stable(3, `${path}/wide`);
    const zones = (await managed(`${path}/wide`)).map(({ instance }) => instance?.split('/').at(-3));
    expect(zones.sort()).toEqual(['europe-west3-a', 'europe-west3-b', 'europe-west3-c']);
    const updatePolicy = { type: 'PROACTIVE', maxSurge: { fixed: 1 }, maxUnavailable: { fixed: 0 } };
    expect((await api.call('PATCH', `${path}/wide`, { updatePolicy })).reason).toBe('invalid');
    await api.must('POST', `${path}/wide/resize?size=1`);
    await stable(1, `${path}/wide`);
    await api.must('DELETE', `${path}/wide`);
  });

  it('refuses names, sizes and limits that make no sense', async () => {
    await makeGroup(api);
    const path = `${ZONE}/instanceGroupManagers`;
    const bad = (changes: object) => api.call('POST', path, { ...MANAGER, name: 'other', ...changes });
    expect((await bad({ baseInstanceName: 'b'.repeat(59) })).reason).toBe('invalid');
    expect((await bad({ targetSize: undefined })).reason).toBe('required');
    expect((await bad({ instanceTemplate: undefined })).reason).toBe('required');
    expect((await bad({ instanceTemplate: 'global/instanceTemplates/none' })).reason).toBe('notFound');
    const none = { maxSurge: { fixed: 0 }, maxUnavailable: { fixed: 0 } };
    expect((await bad({ updatePolicy: none })).reason).toBe('invalid');
    expect((await api.call('POST', `${GROUP}/resize?size=-1`)).reason).toBe('invalid');
    expect((await api.call('POST', `${GROUP}/resize`)).reason).toBe('required');
  });
});

describe('another template', () => {
  const other = (metadata = 'b') => ({
    name: 't2',
    properties: { ...PROPERTIES, metadata: { items: [{ key: 'a', value: metadata }] } },
  });
  const roll = async (template: string) => {
    const { fingerprint } = await group();
    await api.must('PATCH', GROUP, {
      fingerprint,
      versions: [{ instanceTemplate: `global/instanceTemplates/${template}` }],
      updatePolicy: {
        type: 'PROACTIVE',
        minimalAction: 'REPLACE',
        maxSurge: { fixed: 1 },
        maxUnavailable: { fixed: 0 },
      },
    });
  };
  const templates = async () => (await managed()).map(({ version }) => lastPart(version?.instanceTemplate));

  it('replaces instance by instance, and never has fewer healthy ones than before', async () => {
    await makeGroup(api, { targetSize: 3 });
    await stable(3);
    await api.must('POST', 'global/instanceTemplates', other());
    await roll('t2');
    expect((await group()).status).toMatchObject({ isStable: false, versionTarget: { isReached: false } });
    let least = 9;
    let most = 0;
    await soon(async () => {
      const now = await managed();
      const staying = now.filter(({ currentAction }) => currentAction !== 'DELETING');
      least = Math.min(least, staying.filter(({ currentAction }) => currentAction === 'NONE').length);
      most = Math.max(most, staying.length);
      expect((await group()).status).toMatchObject({ isStable: true, versionTarget: { isReached: true } });
    });
    expect(await templates()).toEqual(['t2', 't2', 't2']);
    expect({ least, most }).toEqual({ least: 3, most: 4 });
  });

  it('that never gets healthy stops there, and is taken back', async () => {
    await gcp.stop();
    const metadata = (request: { metadata: Readonly<Record<string, string>> }) => request.metadata.a;
    await start({}, { serveAfterMs: (request) => (metadata(request) === 'broken' ? Number.POSITIVE_INFINITY : 5) });
    await makeGroup(api);
    await stable(2);
    await api.must('POST', 'global/instanceTemplates', other('broken'));
    await roll('t2');
    await soon(async () => {
      const { body } = await api.call('GET', `${GROUP}/listErrors`);
      expect(body.items).toMatchObject([{ error: { code: 'WAITING_FOR_HEALTHY_TIMEOUT_EXCEEDED' } }]);
    });
    expect((await templates()).sort()).toEqual(['t1', 't1', 't2']);
    // Both templates have instances: neither can go.
    expect((await api.call('DELETE', 'global/instanceTemplates/t1')).reason).toBe('resourceInUseByAnotherResource');
    await roll('t1');
    await stable(2);
    expect(await templates()).toEqual(['t1', 't1']);
    await api.must('DELETE', 'global/instanceTemplates/t2');
  });

  it('needs the fingerprint of the group', async () => {
    await makeGroup(api, { targetSize: 0 });
    const refused = await api.call('PATCH', GROUP, { fingerprint: 'b2xk', targetSize: 1 });
    expect(refused).toMatchObject({ status: 412, reason: 'conditionNotMet' });
  });
});

describe('an autoscaler', () => {
  const policy = {
    minNumReplicas: 1,
    maxNumReplicas: 3,
    coolDownPeriodSec: 5,
    cpuUtilization: { utilizationTarget: 0.6 },
  };
  const scaler = { name: 'as', target: GROUP, autoscalingPolicy: policy };
  const seen = () => api.get<Autoscaler>(`${ZONE}/autoscalers/as`);

  it('goes up with the CPU, to its maximum, and down again when it was quiet long enough', async () => {
    await gcp.stop();
    await start({ stabilizationSeconds: 50 });
    await makeGroup(api, { targetSize: 1 });
    await api.must('POST', `${ZONE}/autoscalers`, scaler);
    await stable(1);
    machines.setCpu(2);
    await soon(async () => expect((await group()).targetSize).toBe(3));
    await stable(3);
    await soon(async () => {
      const { status, recommendedSize, statusDetails } = await seen();
      expect({ status, recommendedSize }).toEqual({ status: 'ACTIVE', recommendedSize: 3 });
      expect(statusDetails).toMatchObject([{ type: 'CAPPED_AT_MAX_NUM_REPLICAS' }]);
    });
    machines.setCpu(0.01);
    const quiet = Date.now();
    await soon(async () => expect((await group()).targetSize).toBe(1));
    expect(Date.now() - quiet).toBeGreaterThan(900);
    await stable(1);
  });

  it.skipIf(noPort80)(
    'follows the requests for each instance, where the backend service says how many it takes',
    async () => {
      await makeGroup(api, { targetSize: 1 });
      const rate = { balancingMode: 'RATE', maxRatePerInstance: 20 };
      const address = await makeFront(api, { backends: [{ group: `${ZONE}/instanceGroups/mig`, ...rate }] });
      const { cpuUtilization, ...others } = policy;
      const byRequests = { ...others, loadBalancingUtilization: { utilizationTarget: 0.8 } };
      await api.must('POST', `${ZONE}/autoscalers`, { ...scaler, autoscalingPolicy: byRequests });
      await stable(1);
      machines.setCpu(8);
      await soon(async () => {
        await fetch(`http://${address}/`).then((response) => response.text());
        expect((await group()).targetSize).toBe(3);
      });
    },
  );

  it('overrides a manual resize', async () => {
    await makeGroup(api, { targetSize: 1 });
    await api.must('POST', `${ZONE}/autoscalers`, scaler);
    await api.must('POST', `${GROUP}/resize?size=9`);
    await soon(async () => expect((await group()).targetSize).toBeLessThanOrEqual(3));
    await api.must('PATCH', `${ZONE}/autoscalers?autoscaler=as`, { autoscalingPolicy: { minNumReplicas: 2 } });
    expect((await seen()).autoscalingPolicy).toMatchObject({ ...policy, minNumReplicas: 2 });
    await stable(2);
  });

  it('has to go before its group, and refuses what makes no sense', async () => {
    await makeGroup(api, { targetSize: 0 });
    await api.must('POST', `${ZONE}/autoscalers`, scaler);
    expect((await api.call('DELETE', GROUP)).reason).toBe('resourceInUseByAnotherResource');
    const second = await api.call('POST', `${ZONE}/autoscalers`, { ...scaler, name: 'as-2' });
    expect(second.status).toBe(400);
    const bad = (changes: object) =>
      api.call('POST', `${ZONE}/autoscalers`, { ...scaler, name: 'x', autoscalingPolicy: { ...policy, ...changes } });
    expect((await bad({ minNumReplicas: 4 })).reason).toBe('invalid');
    expect((await bad({ cpuUtilization: { utilizationTarget: 60 } })).reason).toBe('invalid');
    await api.must('DELETE', `${ZONE}/autoscalers/as`);
    await api.must('DELETE', GROUP);
  });
});

describe.skipIf(noPort80)(`the load balancer${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  const answer = async (address: string) => {
    const response = await fetch(`http://${address}/health`);
    const text = await response.text();
    return { status: response.status, host: response.ok ? (JSON.parse(text) as { hostname: string }).hostname : '' };
  };
  const health = async () => {
    const { body } = await api.call('POST', 'global/backendServices/bes/getHealth', {
      group: `${ZONE}/instanceGroups/mig`,
    });
    return body as { healthStatus?: { healthState: string; port: number }[] };
  };

  it('answers 404, then 502, and then serves from every healthy instance', async () => {
    await gcp.stop();
    await start({ servesAfterMs: { notFound: 100, badGateway: 100 } });
    await makeGroup(api);
    await stable(2);
    const address = await makeFront(api);
    const statuses = new Set<number>();
    const hosts = new Set<string>();
    await soon(async () => {
      const { status, host } = await answer(address);
      statuses.add(status);
      if (host) hosts.add(host);
      expect(hosts.size).toBe(2);
    });
    expect([...statuses]).toEqual([404, 502, 200]);
    expect((await health()).healthStatus).toMatchObject(Array(2).fill({ healthState: 'HEALTHY', port: 8002 }));
  });

  it('reaches nothing that the firewall does not let it reach', async () => {
    await makeGroup(api, { autoHealingPolicies: [] });
    await stable(2);
    const address = await makeFront(api);
    await soon(async () => expect((await answer(address)).status).toBe(200));
    await api.must('PATCH', 'global/firewalls/fw', { sourceRanges: ['130.211.0.0/22'] });
    await soon(async () => expect((await answer(address)).status).toBe(502));
    expect((await health()).healthStatus).toMatchObject(Array(2).fill({ healthState: 'UNHEALTHY' }));
  });

  it('lets an instance that goes finish what it has', async () => {
    await gcp.stop();
    const slow = (name: string) => (_incoming: unknown, outgoing: { end(text: string): void }) =>
      void setTimeout(() => outgoing.end(JSON.stringify({ hostname: name })), 150);
    await start({}, { answer: ({ name }) => slow(name) as never });
    await makeGroup(api);
    await stable(2);
    const address = await makeFront(api, { connectionDraining: { drainingTimeoutSec: 60 } });
    await soon(async () => expect((await answer(address)).status).toBe(200));
    const under = Array.from({ length: 8 }, () => answer(address));
    await api.must('POST', `${GROUP}/resize?size=1`);
    await soon(async () =>
      expect((await health()).healthStatus?.map(({ healthState }) => healthState)).toContain('DRAINING'),
    );
    const after = await Promise.all(Array.from({ length: 4 }, () => answer(address)));
    expect((await Promise.all(under)).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(after.map(({ host }) => host)).size).toBe(1);
    await stable(1);
  });

  it('can be taken down only from the front', async () => {
    await makeGroup(api, { targetSize: 1 });
    await makeFront(api);
    const inUse = [
      ...['global/addresses/ip', 'global/targetHttpProxies/px', 'global/urlMaps/um', 'global/backendServices/bes'],
      ...[GROUP, 'global/instanceTemplates/t1', 'global/healthChecks/hc'],
    ];
    for (const path of inUse) {
      const { status, reason, message } = await api.call('DELETE', path);
      expect({ path, status, reason }).toEqual({ path, status: 400, reason: 'resourceInUseByAnotherResource' });
      expect(message).toMatch(
        new RegExp(`^The [a-z_]+ resource 'projects/[^']+/${lastPart(path)}' is already being used by '`),
      );
    }
    for (const path of ['global/forwardingRules/fr', ...inUse, 'global/firewalls/fw']) await api.must('DELETE', path);
    expect(Object.values(gcp.count()).every((count) => count === 0)).toBe(true);
  });

  it('has no health to tell before a rule leads to it, and wants one scheme throughout', async () => {
    await makeGroup(api, { targetSize: 1 });
    await api.must('POST', 'global/backendServices', {
      ...{ name: 'bes', healthChecks: ['global/healthChecks/hc'], backends: [{ group: `${ZONE}/instanceGroups/mig` }] },
    });
    expect(await health()).toEqual({ kind: 'compute#backendServiceGroupHealth' });
    await api.must('POST', 'global/urlMaps', { name: 'um', defaultService: 'global/backendServices/bes' });
    await api.must('POST', 'global/targetHttpProxies', { name: 'px', urlMap: 'global/urlMaps/um' });
    const rule = {
      name: 'fr',
      target: 'global/targetHttpProxies/px',
      portRange: '80',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
    };
    expect((await api.call('POST', 'global/forwardingRules', rule)).reason).toBe('invalid');
  });
});
