import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AwsResources } from '../../../src/services/aws/desired.ts';
import { openEc2 } from '../../../src/services/aws/ec2.ts';
import { desire, type Resource } from '../../../src/services/stack/resource.ts';
import { readState } from '../../../src/services/stack/state.ts';
import { AwsStack, jumpingClock } from './aws-stack.ts';
import { Moto, REGION } from './moto.ts';
import { type Fault, FaultProxy } from './proxy.ts';

let moto: Moto;
let proxy: FaultProxy;
let stack: AwsStack;

beforeAll(async () => {
  moto = await Moto.start();
});
afterAll(() => moto.stop());
beforeEach(async () => {
  await moto.reset();
  proxy = await FaultProxy.start(moto.url);
  stack = await AwsStack.open(proxy.url);
});
afterEach(async () => {
  await stack.close();
  await proxy.stop();
});

/** Answers the first `times` calls of one action with a fault. */
function inject(action: string, fault: Fault, times = Number.POSITIVE_INFINITY) {
  proxy.decide = (called, _parameters, count) => (called === action && count <= times ? fault : undefined);
}

async function vms(): Promise<{ readonly InstanceId: string; readonly State: { readonly Name: string } }[]> {
  const { Reservations } = await moto.aws('describe-instances', '--filters', 'Name=tag:chainctl:stack,Values=test');
  return Reservations.flatMap(({ Instances }: { Instances: unknown[] }) => Instances).filter(
    ({ State }: { State: { Name: string } }) => State.Name !== 'terminated',
  );
}

describe('what passes by itself', () => {
  test.each([
    ['throttling', { status: 503, code: 'RequestLimitExceeded' }],
    ['a 500', { status: 500, code: 'InternalError' }],
    ['a connection cut before the call', { cut: 'before' }],
  ] as const)('%s: the same call again, with the same token', async (_name, fault) => {
    inject('RunInstances', fault, 2);
    await stack.deploy();
    const tokens = proxy.calls
      .filter(({ action }) => action === 'RunInstances')
      .map(({ parameters }) => parameters.get('ClientToken'));
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
    expect(await vms()).toHaveLength(1);
  });

  test('calls without a token that took effect unseen are met again, not doubled', async () => {
    proxy.decide = (action, _parameters, count) =>
      ['ImportKeyPair', 'CreateSecurityGroup', 'AllocateAddress', 'AuthorizeSecurityGroupIngress'].includes(action) &&
      count === 1
        ? { cut: 'after' }
        : undefined;
    await stack.deploy({ elasticIp: true });
    proxy.decide = () => undefined;
    const counted = await Promise.all([
      moto.aws('describe-addresses').then(({ Addresses }) => Addresses.length),
      moto.aws('describe-key-pairs').then(({ KeyPairs }) => KeyPairs.length),
    ]);
    expect(counted).toEqual([1, 1]);
    expect(Object.values(AwsStack.actions(await stack.plan({ elasticIp: true })))).toEqual(Array(4).fill('unchanged'));
  });

  test('a security group that is still in use for a while', async () => {
    await stack.deploy();
    inject('DeleteSecurityGroup', { status: 400, code: 'DependencyViolation' }, 5);
    expect(await stack.teardown()).toMatchObject({ leftovers: [] });
    expect(stack.events).toContainEqual(expect.objectContaining({ type: 'step-waiting', key: 'firewall' }));
  });

  test('a new VM that EC2 does not know everywhere yet', async () => {
    proxy.decide = (action, parameters, count) =>
      action === 'DescribeInstances' && parameters.has('InstanceId.1') && count < 6
        ? { status: 400, code: 'InvalidInstanceID.NotFound' }
        : undefined;
    await stack.deploy();
    expect(await vms()).toHaveLength(1);
  });
});

describe('what ends in one sentence with an exit code', () => {
  test.each([
    ['VcpuLimitExceeded', 400, 4, 'smaller type'],
    ['InsufficientInstanceCapacity', 500, 4, 'another --type'],
    ['UnauthorizedOperation', 403, 3, 'ec2:RunInstances'],
    ['RequestExpired', 400, 3, 'sso login'],
    ['ExpiredToken', 400, 3, 'sso login'],
    ['AuthFailure', 401, 3, '--profile'],
    ['SomethingNew', 400, 3, 'correct what'],
    ['InternalError', 500, 5, 'continues'],
    ['RequestLimitExceeded', 503, 5, 'wait a minute'],
  ])('%s', async (code, status, exit, step) => {
    inject('RunInstances', { status, code });
    const ec2 = await openEc2({ region: REGION, endpoint: proxy.url, clock: jumpingClock(), attempts: 2 });
    const failed = await stack.deploy({}, { ec2 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ exit, message: expect.stringContaining('RunInstances') });
    expect((failed as { nextSteps: string[] }).nextSteps.join(' ')).toContain(step);
    // The next run goes on with what is there.
    proxy.decide = () => undefined;
    await stack.deploy();
    expect(await vms()).toHaveLength(1);
  });

  test('a clock that is wrong', async () => {
    proxy.aheadSeconds = 3600;
    proxy.decide = () => ({ status: 401, code: 'AuthFailure' });
    await expect(stack.deploy()).rejects.toMatchObject({
      exit: 3,
      message: expect.stringContaining('clock is 60 minutes behind'),
    });
  });

  test('an endpoint that nobody listens on', async () => {
    const ec2 = await openEc2({ region: REGION, endpoint: 'http://127.0.0.1:9', clock: jumpingClock(), attempts: 1 });
    await expect(stack.deploy({}, { ec2 })).rejects.toMatchObject({ exit: 5, code: 'aws-unreachable' });
  });

  test('a VM that ends by itself, and the next run makes another', async () => {
    let ended = false;
    proxy.decide = (action, parameters) => {
      const id = parameters.get('InstanceId.1');
      if (action !== 'DescribeInstances' || id === null || ended) return undefined;
      ended = true;
      // EC2 ends it between the launch and the first look; the proxy waits for nobody, so moto is told first.
      return { status: 400, code: 'InvalidInstanceID.NotFound', message: id };
    };
    const clock = jumpingClock();
    const terminating = {
      ...clock,
      async sleep(ms: number, signal?: AbortSignal) {
        await clock.sleep(ms, signal);
        for (const { InstanceId } of await vms()) await moto.aws('terminate-instances', '--instance-ids', InstanceId);
      },
    };
    await expect(stack.deploy({}, { clock: terminating })).rejects.toMatchObject({
      exit: 5,
      message: expect.stringContaining('ended by itself'),
    });
    await stack.deploy();
    expect(await vms()).toHaveLength(1);
  });

  test('a VM that ends while it is waited for is told by its id, and where it was is on record', async () => {
    const waiting: Resource<object, object> = {
      key: 'host-a',
      dependsOn: ['instance-a'],
      find: async () => undefined,
      diff: () => 'same',
      async create(context) {
        await bound?.publicAddress(context);
        expect(await bound?.whyGone(context)).toBeUndefined();
        for (const { InstanceId } of await vms()) await moto.aws('terminate-instances', '--instance-ids', InstanceId);
        throw await bound?.whyGone(context);
      },
      async ready() {},
      async remove() {},
      identify: () => ({}),
    };
    let bound: AwsResources | undefined;
    const extra = (resources: AwsResources) => {
      bound = resources;
      return [desire(waiting, {})];
    };
    await expect(stack.deploy({}, { extra })).rejects.toMatchObject({
      exit: 5,
      code: 'aws-terminated',
      message: expect.stringMatching(/^host-a: VM i-\w+ ended by itself/),
    });
    const state = await readState(stack.paths.state);
    expect(state?.targets.aws?.endpoints.a).toMatch(/^http:\/\/[\d.]+:8001$/);
  });

  test('a security group that never goes is reported as left over, and the rest is gone', async () => {
    await stack.deploy();
    inject('DeleteSecurityGroup', { status: 400, code: 'DependencyViolation' });
    const report = await stack.teardown();
    expect(report.leftovers).toEqual([{ key: 'firewall', reason: expect.stringContaining('5 minutes') }]);
    expect(report.removed).toEqual(['instance-a', 'ssh-key']);
    proxy.decide = () => undefined;
    expect(await stack.teardown()).toMatchObject({ removed: ['firewall'], leftovers: [] });
  });
});

test('a token whose VM has ended already is followed by another one', async () => {
  // EC2 remembers tokens, moto does not: the proxy's part is played by a call that answers with an ended VM once.
  const { call } = stack.deps.ec2;
  const tokens: (string | undefined)[] = [];
  const ec2 = {
    ...stack.deps.ec2,
    call: async (name: string, input: { readonly ClientToken?: string }, signal: AbortSignal) => {
      if (name === 'RunInstances') tokens.push(input.ClientToken);
      if (name === 'RunInstances' && tokens.length === 1) {
        return { Instances: [{ InstanceId: 'i-0', State: { Name: 'terminated' } }] };
      }
      return (call as (...all: unknown[]) => Promise<unknown>)(name, input, signal);
    },
  } as unknown as typeof stack.deps.ec2;
  await stack.deploy({}, { ec2 });
  expect(tokens).toHaveLength(2);
  expect(tokens[1]).toBe(`${tokens[0]}-1`);
  expect(await vms()).toHaveLength(1);
});

test('an interrupted deploy asks with the same token again', async () => {
  inject('RunInstances', { status: 400, code: 'InternalFailureOfTheTest' });
  await expect(stack.deploy()).rejects.toThrow('InternalFailureOfTheTest');
  proxy.decide = () => undefined;
  await stack.deploy();
  const tokens = proxy.calls
    .filter(({ action }) => action === 'RunInstances')
    .map(({ parameters }) => parameters.get('ClientToken'));
  expect(tokens).toHaveLength(2);
  expect(tokens[0]).toBe(tokens[1]);
});
