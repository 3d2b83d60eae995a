import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { type Placement, runDeploy } from '../../../src/services/deploy/run-deploy.ts';
import { breakLock } from '../../../src/services/stack/lock.ts';
import { inspectLock } from '../../../src/services/stack/lock-holder.ts';
import { readState } from '../../../src/services/stack/state.ts';
import { AwsStack } from '../aws/aws-stack.ts';
import { motoForTests, test } from '../aws/moto.ts';
import { FaultProxy } from '../aws/proxy.ts';
import { EVERYTHING, type GcpLab, openGcpLab } from '../gcp/lab.ts';

/** A deploy of both services, B on one real cloud and A on the other, against their APIs on this machine. */
const moto = motoForTests();
let proxy: FaultProxy;
let aws: AwsStack;
let google: GcpLab;
let abort: AbortController;
let listen: (event: Event) => void;

beforeEach(async () => {
  proxy = await FaultProxy.start(moto.url);
  aws = await AwsStack.open(proxy.url);
  google = await openGcpLab();
  abort = new AbortController();
  listen = () => {};
});
afterEach(async () => {
  await google.close();
  await aws.close();
  await proxy.stop();
});

function deploy(placements: readonly Placement[] = [google.stack.placement(), aws.placement()]) {
  const emit = (event: Event) => listen(event);
  const deps = { ...aws.deps, clock: systemClock, isAlive: async () => true, signal: abort.signal, emit };
  return runDeploy(aws.paths, placements, { dryRun: false, known: {} }, deps);
}

const state = async () => (await readState(aws.paths.state))?.targets ?? {};

/** How many VMs EC2 has. */
async function vms(): Promise<number> {
  const { Reservations } = await moto.aws('describe-instances');
  return Reservations.flatMap(({ Instances }: { Instances: readonly unknown[] }) => Instances).length;
}

/** The same deploy once more: one of everything on both, all of it recorded, A with B's address. */
async function expectContinued() {
  abort = new AbortController();
  listen = () => {};
  const [b, a] = await deploy();
  expect(google.gcp.count()).toEqual(EVERYTHING);
  expect(await vms()).toBe(1);
  const targets = await state();
  for (const target of [targets.aws, targets.gcp]) {
    expect(Object.values(target?.resources ?? {}).every(({ status }) => status === 'ready')).toBe(true);
    expect(target?.deployedAt).toBeDefined();
  }
  expect(targets.aws?.request).toMatchObject({ links: { b: b?.endpoints.b } });
  return [b, a] as const;
}

/** Does it as soon as the load balancer's address is reserved: both clouds are at work then. */
function onceAnnounced(work: () => void) {
  listen = (event) => {
    if (event.type === 'note' && event.text.includes('will answer at')) work();
  };
}

describe('a deploy to two clouds', () => {
  test('that one of them refuses stops on the other, and is continued by the same command', async () => {
    google.gcp.faults.add({ action: 'instanceGroupManagers.insert', kind: 'error', status: 403 });
    await expect(deploy()).rejects.toMatchObject({ exit: 3 });
    expect((await state()).gcp?.deployedAt).toBeUndefined();
    expect(google.gcp.count().instances).toBe(0);
    await expectContinued();
  });

  test('that the other one refuses takes the intent back there, and is continued, too', async () => {
    proxy.decide = (action, _parameters, count) =>
      action === 'RunInstances' && count === 1 ? { status: 400, code: 'VcpuLimitExceeded' } : undefined;
    await expect(deploy()).rejects.toMatchObject({ exit: 4 });
    const { aws: record } = await state();
    expect(record?.resources).not.toHaveProperty('instance-a');
    expect(record?.deployedAt).toBeUndefined();
    await expectContinued();
  });

  test('that is interrupted ends with the reason on both, and is continued', async () => {
    onceAnnounced(() => abort.abort(new Error('Ctrl-C')));
    await expect(deploy()).rejects.toThrow('Ctrl-C');
    expect(await vms()).toBe(0);
    await expectContinued();
  });

  test('that loses its lock writes nothing any more, on neither', async () => {
    const { lock } = aws.paths;
    const serial = async () => (await readState(aws.paths.state))?.serial ?? 0;
    let before = 0;
    let broken = Promise.resolve();
    onceAnnounced(() => {
      broken = inspectLock(lock, { ...aws.deps, isAlive: async () => true }).then(async (view) => {
        if (view !== undefined)
          await breakLock(lock, view, true, { ...aws.deps, clock: systemClock, isAlive: async () => true });
        before = await serial();
      });
    });
    await expect(deploy()).rejects.toMatchObject({ code: 'lock-lost', exit: 6 });
    await broken;
    // One write may have asked for the lock just before.
    expect((await serial()) - before).toBeLessThanOrEqual(1);
    await expectContinued();
  });

  test('of which one side is there already changes the other one only', async () => {
    const [alone] = await deploy([google.stack.placement()]);
    const [b, a] = await expectContinued();
    expect(b?.endpoints).toEqual(alone?.endpoints);
    expect(b?.changes.every(({ action }) => action === 'unchanged')).toBe(true);
    expect(a?.changes.some(({ action }) => action === 'create')).toBe(true);
  });

  test('of the same service brings it up on both', async () => {
    const services = { b: { model: 'phi3:mini', minProcessSeconds: 0 } };
    const deployments = await deploy([google.stack.placement(), aws.placement({ services })]);
    expect(deployments.map(({ services: own }) => own.map(({ name }) => name))).toEqual([['b'], ['b']]);
    const { aws: one, gcp: other } = await state();
    expect(one?.endpoints.b).toMatch(/^http:\/\//);
    expect(other?.endpoints.b).toMatch(/^http:\/\//);
    expect(one?.endpoints.b).not.toBe(other?.endpoints.b);
    expect([await vms(), google.gcp.count()]).toEqual([1, EVERYTHING]);
  });
});
