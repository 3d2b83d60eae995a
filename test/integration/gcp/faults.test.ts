import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noPort80 } from '../../support/port-80.ts';
import { changed } from './gcp-stack.ts';
import { EVERYTHING, type GcpLab, NOTHING, openGcpLab } from './lab.ts';

let lab: GcpLab;
beforeEach(async () => {
  lab = await openGcpLab();
});
afterEach(() => lab.close());

describe.skipIf(noPort80)(`a zone without machines${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('ends the deploy with its own words and a remedy, long before the wait for VMs runs out', async () => {
    lab.gcp.behaviour.stockOuts.add('europe-west3-c');
    await expect(lab.stack.deploy({ readySeconds: 600 })).rejects.toMatchObject({
      code: 'gcp-stock-out',
      exit: 4,
      message: expect.stringContaining('europe-west3-c'),
      nextSteps: [expect.stringContaining('--zones'), expect.any(String)],
    });
  });

  it('is left for the next one of the list, and nothing stays behind in it', async () => {
    const { gcp, stack } = lab;
    gcp.behaviour.stockOuts.add('europe-west3-c');
    const deployment = await stack.deploy({ zones: ['europe-west3-c', 'europe-west3-a'] });
    expect(deployment.location).toBe('europe-west3-a');
    expect(gcp.count()).toEqual(EVERYTHING);
    gcp.behaviour.stockOuts.clear();
    // It stays where it is, also when the first zone has machines again.
    expect(changed(await stack.deploy({ zones: ['europe-west3-c', 'europe-west3-a'] }))).toEqual({});
    await stack.teardown();
    expect(gcp.count()).toEqual(NOTHING);
  });

  it('is left also by a run that goes on after one that was stopped there', async () => {
    const { gcp, stack } = lab;
    gcp.behaviour.stockOuts.add('europe-west3-c');
    const stopped = new AbortController();
    const emit: typeof stack.deps.emit = (event) => {
      if (event.type === 'note' && event.text.includes('going on in')) stopped.abort(new Error('stopped'));
    };
    const zones = ['europe-west3-c', 'europe-west3-a'];
    await expect(stack.deploy({ zones }, { emit, signal: stopped.signal })).rejects.toThrow('stopped');
    expect((await stack.deploy({ zones })).location).toBe('europe-west3-a');
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('is not left while the group serves from it', async () => {
    const { gcp, stack } = lab;
    await stack.deploy();
    gcp.behaviour.stockOuts.add('europe-west3-c');
    stack.source = { ...stack.source, hash: 'two' };
    const zones = ['europe-west3-c', 'europe-west3-a'];
    await expect(stack.deploy({ zones })).rejects.toMatchObject({ code: 'gcp-rolled-back', exit: 4 });
    expect(gcp.count()).toMatchObject({ instances: 1, instanceGroupManagers: 1 });
  });
});

describe.skipIf(noPort80)(
  `zones without machines, all of those that are wanted${noPort80 ? ` (not here: ${noPort80})` : ''}`,
  () => {
    it('leave a group that serves from another one where it is', async () => {
      const { gcp, stack } = lab;
      const { endpoints } = await stack.deploy();
      for (const zone of ['europe-west3-a', 'europe-west3-b']) gcp.behaviour.stockOuts.add(zone);
      const zones = ['europe-west3-a', 'europe-west3-b'];
      await expect(stack.deploy({ zones })).rejects.toMatchObject({ code: 'gcp-stock-out' });
      expect((await fetch(`${endpoints.b}/health`)).status).toBe(200);
      gcp.behaviour.stockOuts.clear();
      expect(changed(await stack.deploy())).toMatchObject({ 'group-europe-west3-b': 'remove' });
      expect(gcp.count()).toEqual(EVERYTHING);
    });
  },
);

describe.skipIf(noPort80)(`a quota${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('that even the smallest group exceeds is met before anything is made', async () => {
    const { gcp, stack } = lab;
    gcp.behaviour.quotas.CPUS = 4;
    await expect(stack.deploy({ min: 2 })).rejects.toMatchObject({
      code: 'gcp-quota',
      exit: 4,
      message: expect.stringContaining('CPUS: 0 of 4'),
    });
    expect(gcp.count()).toEqual(NOTHING);
  });

  it('that only the largest group exceeds is a warning', async () => {
    lab.gcp.behaviour.quotas.CPUS = 8;
    await lab.stack.deploy();
    expect(lab.stack.warnings()).toContainEqual(expect.stringContaining('CPUS: 0 of 8 in use, 4 to 12 more needed'));
  });

  it('that the one VM more of a rollout exceeds is met before anything is changed', async () => {
    const { gcp, stack } = lab;
    await stack.deploy();
    gcp.behaviour.quotas.CPUS = 4;
    stack.source = { ...stack.source, hash: 'two', metadata: { 'startup-script': 'two' } };
    await expect(stack.deploy()).rejects.toMatchObject({
      code: 'gcp-quota',
      exit: 4,
      message: expect.stringContaining(
        '1 x e2-standard-4 in addition to the 1 running: the rollout needs it temporarily: CPUS: 4 of 4',
      ),
    });
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('is looked at also where the template of an earlier rollout, which was taken back, is there already', async () => {
    const { gcp, stack } = lab;
    await stack.deploy();
    gcp.behaviour.stockOuts.add('europe-west3-c');
    stack.source = { ...stack.source, hash: 'two' };
    await expect(stack.deploy()).rejects.toMatchObject({ code: 'gcp-rolled-back' });
    gcp.behaviour.stockOuts.clear();
    gcp.behaviour.quotas.CPUS = 4;
    await expect(stack.deploy()).rejects.toMatchObject({
      code: 'gcp-quota',
      message: expect.stringContaining('1 x e2-standard-4 in addition to the 1 running'),
    });
    expect(gcp.count()).toMatchObject({ instances: 1, instanceTemplates: 2 });
  });

  it('that the group meets ends the deploy with its own words', async () => {
    const { gcp, stack } = lab;
    const confirm = async () => {
      gcp.behaviour.quotas.CPUS = 0;
    };
    await expect(stack.deploy({ readySeconds: 600 }, { confirm })).rejects.toMatchObject({
      code: 'gcp-quota',
      exit: 4,
      message: expect.stringMatching(/Quota 'CPUS' exceeded/),
      nextSteps: [expect.stringContaining('--max'), expect.any(String), expect.any(String)],
    });
  });
});

describe.skipIf(noPort80)(`what goes wrong on the way${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('is made good where the same call may succeed a moment later', async () => {
    const { gcp, stack } = lab;
    gcp.faults.add({ action: 'firewalls.insert', kind: 'reset-after' });
    gcp.faults.add({ action: 'globalAddresses.insert', kind: 'reset-after' });
    gcp.faults.add({ action: 'instanceGroupManagers.insert', kind: 'error', status: 503, times: 2 });
    gcp.faults.add({ action: 'backendServices.insert', kind: 'reset-before' });
    gcp.faults.add({ action: 'globalForwardingRules.insert', kind: 'reset-after' });
    gcp.faults.add({ action: 'urlMaps.insert', kind: 'error', status: 429 });
    await stack.deploy();
    expect(gcp.faults.left).toBe(0);
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('is made good where somebody else was faster: a fingerprint that is not the newest', async () => {
    const { gcp, stack } = lab;
    await stack.deploy();
    gcp.faults.add({ action: 'backendServices.patch', kind: 'error', status: 412 });
    gcp.faults.add({ action: 'instanceGroupManagers.patch', kind: 'error', status: 412 });
    stack.source = { ...stack.source, hash: 'two' };
    expect(Object.keys(changed(await stack.deploy({ requestSeconds: 6 })))).toContain('backend');
    expect(gcp.faults.left).toBe(0);
  });

  it.each([
    ['globalForwardingRules.insert', 'RESOURCE_NOT_FOUND', 3],
    ['instanceTemplates.insert', 'INVALID_FIELD_VALUE', 3],
    ['globalAddresses.insert', 'QUOTA_EXCEEDED', 4],
  ])('is told where an operation of %s ends late with %s, and the next run goes on', async (action, code, exit) => {
    const { gcp, stack } = lab;
    gcp.faults.add({ action, kind: 'operation-error', code, message: `told by ${code}` });
    await expect(stack.deploy()).rejects.toMatchObject({ exit, message: expect.stringContaining(`told by ${code}`) });
    await stack.deploy();
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('is told where credentials expire in the middle, and the next run goes on', async () => {
    const { gcp, stack } = lab;
    gcp.faults.add({ action: 'autoscalers.insert', kind: 'expired-credentials' });
    await expect(stack.deploy()).rejects.toMatchObject({ code: 'gcp-invalid', exit: 3 });
    expect(stack.events.at(-1)).toMatchObject({ type: 'note', text: expect.stringContaining('still there') });
    await stack.deploy();
    expect(gcp.count()).toEqual(EVERYTHING);
  });
});

describe.skipIf(noPort80)(`a load balancer${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('that is known to its front ends only later is waited for: 404, then 502, then five answers in a row', async () => {
    await lab.close();
    lab = await openGcpLab({ servesAfterMs: { notFound: 3000, badGateway: 3000 } });
    const { endpoints } = await lab.stack.deploy();
    const waits = lab.stack.events.flatMap((event) => (event.type === 'step-waiting' ? [event.reason] : []));
    expect(waits).toEqual(
      expect.arrayContaining([expect.stringContaining('HTTP 404'), expect.stringContaining('HTTP 502')]),
    );
    expect(await lab.stack.deps.probe(`${endpoints.b}/health`, lab.stack.deps.signal)).toBeUndefined();
  });
});
