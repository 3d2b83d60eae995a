import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import type { Compute } from '../../../src/services/targets/gcp/compute.ts';
import { GcpError } from '../../../src/services/targets/gcp/errors.ts';
import { groupSource } from '../../../src/services/targets/gcp/group-source.ts';
import { heldClock, NOON } from './samples.ts';

const ZONE = 'https://compute.googleapis.com/compute/v1/projects/p/zones/europe-west3-c';
const url = (name: string) => `${ZONE}/instances/${name}`;

/** What the API would answer; each call is counted. */
function fakeCompute(answers: Record<string, unknown>) {
  const calls: string[] = [];
  const compute: Compute = {
    project: 'p',
    zone: 'europe-west3-c',
    region: 'europe-west3',
    async read(name, input) {
      calls.push(name);
      const answer = answers[name];
      if (answer instanceof Error) throw answer;
      return (typeof answer === 'function' ? answer(input) : answer) as never;
    },
    begin: () => Promise.reject(new Error('a watch changes nothing')),
    newId: () => 'id',
  };
  return { compute, calls, perLook: () => calls.splice(0) };
}

const healthy = (name: string, more: object = {}) => ({
  instance: url(name),
  name,
  currentAction: 'NONE',
  instanceStatus: 'RUNNING',
  instanceHealth: [{ detailedHealthState: 'HEALTHY' }],
  version: { instanceTemplate: 'https://x/global/instanceTemplates/b-7f3a' },
  ...more,
});
const answers = () => ({
  'instanceGroupManagers.get': {
    targetSize: 1,
    instanceGroup: `${ZONE}/instanceGroups/g`,
    status: { isStable: true, autoscaler: `${ZONE}/autoscalers/g-scaler` },
  } as object,
  'instanceGroupManagers.listManagedInstances': [healthy('g-1')] as readonly object[],
  'instanceGroupManagers.listErrors': [
    {
      timestamp: new Date(NOON - 60_000).toISOString(),
      error: { code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'no room' },
      instanceActionDetails: { instance: url('g-2'), action: 'CREATING' },
    },
    { timestamp: new Date(NOON - 3_600_000).toISOString(), error: { code: 'OLD', message: 'long ago' } },
  ],
  'autoscalers.get': {
    status: 'ACTIVE',
    recommendedSize: 1,
    autoscalingPolicy: { minNumReplicas: 1, maxNumReplicas: 3 },
    statusDetails: [{ type: 'CAPPED_AT_MAX_NUM_REPLICAS', message: 'capped' }],
  } as unknown,
  'instances.list': [{ name: 'g-1', creationTimestamp: new Date(NOON - 600_000).toISOString() }] as unknown,
  'backendServices.getHealth': { healthStatus: [{ instance: url('g-1'), healthState: 'HEALTHY' }] } as object,
});
const location = { zone: 'europe-west3-c' };
const place = { group: 'g', location, backendService: 'b' };
const { signal } = new AbortController();

describe('a managed instance group', () => {
  it('is seen whole with four calls', async () => {
    const { compute, calls } = fakeCompute(answers());
    expect(await groupSource(compute, place, heldClock().clock).sample(signal)).toEqual({
      at: NOON,
      targetSize: 1,
      stable: true,
      instances: [
        {
          name: 'g-1',
          zone: 'europe-west3-c',
          stage: 'serving',
          detail: { action: 'NONE', status: 'RUNNING', health: 'HEALTHY', backend: 'HEALTHY' },
          template: 'b-7f3a',
        },
      ],
      healthKnown: true,
      autoscaler: { status: 'ACTIVE', recommendedSize: 1, min: 1, max: 3, details: ['CAPPED_AT_MAX_NUM_REPLICAS'] },
      errors: [],
    });
    expect(calls.sort()).toEqual([
      'autoscalers.get',
      'backendServices.getHealth',
      'instanceGroupManagers.get',
      'instanceGroupManagers.listManagedInstances',
    ]);
  });

  it('that changes tells its errors, too, and once when its instances were made: with at most six calls', async () => {
    const changing = answers();
    const { 'instanceGroupManagers.get': manager } = changing;
    const { compute, perLook } = fakeCompute({
      ...changing,
      'instanceGroupManagers.get': { ...manager, targetSize: 2, status: { isStable: false, autoscaler: 'x/g-scaler' } },
    });
    const source = groupSource(compute, place, heldClock().clock);
    const extra: string[][] = [];
    for (let look = 0; look < 4; look++) {
      const sample = await source.sample(signal);
      extra.push(perLook().filter((call) => !/get$|getHealth$|listManagedInstances$/.test(call)));
      expect(sample.autoscaler).toMatchObject({ recommendedSize: 1 });
      if (look > 0) expect(sample.instances[0]?.createdAt).toBe(NOON - 600_000);
      expect(sample.errors).toEqual([
        { at: NOON - 60_000, code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'no room', instance: 'g-2' },
      ]);
    }
    const errors = 'instanceGroupManagers.listErrors';
    expect(extra).toEqual([[errors], [errors, 'instances.list'], [errors], [errors]]);
  });

  it('without an autoscaler or a load balancer is not asked for them', async () => {
    const bare = answers();
    const { compute, calls } = fakeCompute({
      ...bare,
      'instanceGroupManagers.get': { targetSize: 1, status: { isStable: false } },
    });
    const sample = await groupSource(compute, { group: 'g', location }, heldClock().clock).sample(signal);
    expect(calls).toHaveLength(3);
    expect(sample.errors).toHaveLength(1);
    expect(sample.autoscaler).toBeUndefined();
    expect(sample.instances[0]?.detail).not.toHaveProperty('backend');
  });

  it('tells why an instance could not be made, and when a new one was seen first', async () => {
    const own = answers();
    const { clock, pass } = heldClock();
    const { compute } = fakeCompute(own);
    const source = groupSource(compute, place, clock);
    expect((await source.sample(signal)).instances[0]?.createdAt).toBeUndefined();
    pass(5000);
    own['instanceGroupManagers.listManagedInstances'] = [
      healthy('g-1'),
      {
        name: 'g-2',
        currentAction: 'CREATING',
        lastAttempt: { errors: { errors: [{ code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded." }] } },
      },
    ];
    await source.sample(signal);
    pass(5000);
    const { instances, errors } = await source.sample(signal);
    expect(instances[1]).toEqual({
      ...{ name: 'g-2', stage: 'creating', detail: { action: 'CREATING' }, createdAt: NOON + 5000 },
    });
    expect(errors).toEqual([{ code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded.", instance: 'g-2' }]);
  });

  it('counts the age of an instance that is made anew under its old name from then', async () => {
    const own = answers();
    const { clock, pass } = heldClock();
    const { compute } = fakeCompute(own);
    const source = groupSource(compute, place, clock);
    const look = async (more: object) => {
      own['instanceGroupManagers.listManagedInstances'] = [healthy('g-1', more)];
      const { instances } = await source.sample(signal);
      pass(5000);
      return instances[0]?.createdAt;
    };
    await look({ id: '7000000000000000001' });
    expect(await look({ id: '7000000000000000001' })).toBe(NOON - 600_000);
    expect(await look({ id: '0', currentAction: 'RECREATING' })).toBe(NOON - 600_000);
    expect(await look({ id: '7000000000000000002', currentAction: 'VERIFYING' })).toBe(NOON + 15_000);
    expect(await look({ id: '7000000000000000002' })).toBe(NOON + 15_000);
  });

  it('whose instances may not be listed has instances of unknown age, and is seen all the same', async () => {
    const own = answers();
    own['instances.list'] = new GcpError('no', 'forbidden', { code: 'x', exit: ExitCode.configuration });
    const { compute, calls } = fakeCompute(own);
    const source = groupSource(compute, place, heldClock().clock);
    for (let look = 0; look < 4; look++) {
      expect((await source.sample(signal)).instances[0]).not.toHaveProperty('createdAt');
    }
    expect(calls.filter((call) => call === 'instances.list')).toHaveLength(1);
  });

  it.each([
    ['CREATING', 'PROVISIONING', undefined, 'UNHEALTHY', 'creating'],
    ['CREATING', undefined, undefined, undefined, 'creating'],
    ['VERIFYING', 'RUNNING', 'UNHEALTHY', 'UNHEALTHY', 'running'],
    ['VERIFYING', 'RUNNING', 'HEALTHY', 'UNHEALTHY', 'healthy'],
    ['NONE', 'RUNNING', 'HEALTHY', 'HEALTHY', 'serving'],
    ['NONE', undefined, 'HEALTHY', 'HEALTHY', 'serving'],
    ['RECREATING', 'STOPPING', 'UNKNOWN', 'DRAINING', 'creating'],
    ['NONE', 'TERMINATED', 'UNKNOWN', 'UNHEALTHY', 'leaving'],
    ['DELETING', 'RUNNING', 'HEALTHY', 'DRAINING', 'leaving'],
  ])('whose instance is %s, %s, %s, %s is %s', async (currentAction, instanceStatus, health, healthState, stage) => {
    const own = answers();
    const instanceHealth = health === undefined ? [] : [{ detailedHealthState: health }];
    const one = healthy('g-1', { currentAction, instanceStatus, instanceHealth });
    own['instanceGroupManagers.listManagedInstances'] = [one, healthy('g-2')];
    const healthStatus = healthState === undefined ? [] : [{ instance: url('g-1'), healthState }];
    own['backendServices.getHealth'] = { healthStatus };
    const { instances } = await groupSource(fakeCompute(own).compute, place, heldClock().clock).sample(signal);
    expect(instances[0]?.stage).toBe(stage);
  });

  it('without a load balancer has instances that serve once they are healthy, and without autohealing none', async () => {
    const own = answers();
    const unasked = { group: 'g', location };
    const see = () => groupSource(fakeCompute(own).compute, unasked, heldClock().clock).sample(signal);
    expect(await see()).toMatchObject({ healthKnown: true, instances: [{ stage: 'serving' }] });
    own['instanceGroupManagers.listManagedInstances'] = [healthy('g-1', { instanceHealth: [] })];
    expect(await see()).toMatchObject({ healthKnown: false, instances: [{ stage: 'running' }] });
  });

  it('shows an instance that runs and is not healthy as one that is not well', async () => {
    const own = answers();
    own['backendServices.getHealth'] = { healthStatus: [{ instance: url('g-1'), healthState: 'UNHEALTHY' }] };
    const { instances } = await groupSource(fakeCompute(own).compute, place, heldClock().clock).sample(signal);
    expect(instances).toMatchObject([{ stage: 'healthy', unwell: true }]);
  });

  it('may lose its autoscaler, and early on have no backends', async () => {
    const own = answers();
    own['autoscalers.get'] = new GcpError('gone', 'notFound', { code: 'x', exit: ExitCode.configuration });
    own['backendServices.getHealth'] = {};
    const { compute } = fakeCompute(own);
    const sample = await groupSource(compute, place, heldClock().clock).sample(signal);
    expect(sample.autoscaler).toBeUndefined();
    expect(sample.instances[0]?.detail).not.toHaveProperty('backend');
  });

  it('that is refused for once is looked at again, and one that is gone is not', async () => {
    const own: Record<string, unknown> = answers();
    const { compute } = fakeCompute(own);
    const source = groupSource(compute, place, heldClock().clock);
    const refused = (reason: string) =>
      new GcpError('refused', reason, { code: 'gcp-refused', exit: ExitCode.configuration });
    own['backendServices.getHealth'] = refused('notFound');
    await expect(source.sample(signal)).rejects.toMatchObject({ exit: ExitCode.configuration });

    own['backendServices.getHealth'] = answers()['backendServices.getHealth'];
    await source.sample(signal);
    // Only the load balancer was taken away.
    own['backendServices.getHealth'] = refused('notFound');
    expect((await source.sample(signal)).instances).toMatchObject([{ stage: 'healthy' }]);
    own['instanceGroupManagers.get'] = refused('resourceNotReady');
    await expect(source.sample(signal)).rejects.toMatchObject({ exit: ExitCode.unhealthy });
    own['instanceGroupManagers.get'] = refused('notFound');
    await expect(source.sample(signal)).rejects.toMatchObject({ exit: ExitCode.configuration });
  });

  it('of a region is asked for there', async () => {
    const own = answers();
    const seen: object[] = [];
    const { compute, calls } = fakeCompute({
      'regionInstanceGroupManagers.get': (input: object) => {
        seen.push(input);
        return own['instanceGroupManagers.get'];
      },
      'regionInstanceGroupManagers.listManagedInstances': own['instanceGroupManagers.listManagedInstances'],
      'regionAutoscalers.get': own['autoscalers.get'],
    });
    await groupSource(compute, { group: 'g', location: { region: 'europe-west3' } }, heldClock().clock).sample(signal);
    expect(seen).toEqual([{ region: 'europe-west3', instanceGroupManager: 'g' }]);
    expect(calls).toHaveLength(3);
  });
});
