import { afterEach, beforeEach, describe, expect } from 'vitest';
import { desire, type Resource } from '../../../src/services/stack/resource.ts';
import { readState } from '../../../src/services/stack/state.ts';
import type { AwsResources } from '../../../src/services/targets/aws/desired.ts';
import { openEc2 } from '../../../src/services/targets/aws/ec2.ts';
import { Ec2Error } from '../../../src/services/targets/aws/errors.ts';
import { AwsStack, jumpingClock } from './aws-stack.ts';
import { motoForTests, REGION, test } from './moto.ts';
import { type Fault, FaultProxy } from './proxy.ts';

const moto = motoForTests();
let proxy: FaultProxy;
let stack: AwsStack;

beforeEach(async () => {
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
    const extra = async (resources: AwsResources) => {
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

type Ec2 = typeof stack.deps.ec2;
type Called = (name: string, input: Record<string, unknown>, signal: AbortSignal) => Promise<unknown>;

/** EC2 of which some calls are answered here; what is undefined is asked of moto. */
function answering(answer: (name: string, input: Record<string, unknown>, ask: Called) => unknown): Ec2 {
  const { call } = stack.deps.ec2 as unknown as { call: Called };
  const own: Called = async (name, input, signal) => (await answer(name, input, call)) ?? call(name, input, signal);
  return { ...stack.deps.ec2, call: own } as unknown as Ec2;
}

const refusal = (code: string) => new Ec2Error(code, code, { code: 'aws-refused', exit: 3, refused: true });

// EC2 remembers tokens, moto does not.
test.each([
  ['with the VM that has ended', () => ({ Instances: [{ InstanceId: 'i-0', State: { Name: 'terminated' } }] })],
  [
    'with a refusal',
    () => {
      throw refusal('IdempotentInstanceTerminated');
    },
  ],
  [
    'as one for other settings, of which there is no VM',
    () => {
      throw refusal('IdempotentParameterMismatch');
    },
  ],
])('a token that is answered %s is followed by another one', async (_, first) => {
  const tokens: unknown[] = [];
  const ec2 = answering((name, input) => {
    if (name !== 'RunInstances') return undefined;
    tokens.push(input.ClientToken);
    return tokens.length === 1 ? first() : undefined;
  });
  await stack.deploy({}, { ec2 });
  expect(tokens).toHaveLength(2);
  expect(tokens[1]).toBe(`${tokens[0]}-1`);
  expect(await vms()).toHaveLength(1);
});

test('a VM that an interrupted run has asked for under the same token is found', async () => {
  const asked = (change: (text: string) => string) =>
    answering(async (name, input, ask) => {
      if (name !== 'RunInstances') return undefined;
      await ask(name, JSON.parse(change(JSON.stringify(input))), new AbortController().signal);
      throw refusal('IdempotentParameterMismatch');
    });
  // Only the time at which it ends differs: it is the one that is wanted.
  await stack.deploy({}, { ec2: asked((text) => text) });
  expect(await vms()).toHaveLength(1);
  expect(Object.values(AwsStack.actions(await stack.plan()))).toEqual(Array(3).fill('unchanged'));
  await stack.teardown();

  const other = asked((text) => text.replace(/("chainctl:spec","Value":")\w+/g, '$1other'));
  await expect(stack.deploy({}, { ec2: other })).rejects.toMatchObject({ code: 'aws-changed' });
  expect(AwsStack.actions(await stack.deploy())).toMatchObject({ 'instance-a': 'replace' });
  expect(await vms()).toHaveLength(1);
});

const launchTokens = () =>
  proxy.calls
    .filter(({ action }) => action === 'RunInstances')
    .map(({ parameters }) => parameters.get('ClientToken') as string);

test('a deploy whose launch has an unknown end asks with the same token again', async () => {
  inject('RunInstances', { status: 500, code: 'InternalError' });
  await expect(stack.deploy()).rejects.toThrow('InternalError');
  proxy.decide = () => undefined;
  await stack.deploy();
  expect(new Set(launchTokens()).size).toBe(1);
});

test.each([
  ['InsufficientInstanceCapacity', 500],
  ['VcpuLimitExceeded', 400],
] as const)('a launch that is refused for %s has used its token up', async (code, status) => {
  inject('RunInstances', { status, code });
  await expect(stack.deploy()).rejects.toMatchObject({ exit: 4 });
  expect((await readState(stack.paths.state))?.targets.aws?.resources['instance-a']).toBeUndefined();
  proxy.decide = () => undefined;
  await stack.deploy({ type: 'c6i.large' });
  expect(launchTokens().at(-1)).not.toBe(launchTokens()[0]);
  expect(await vms()).toHaveLength(1);
});

test('an account on the free plan is told what it may have', async () => {
  const message = 'The specified instance type is not eligible for Free Tier.';
  inject('RunInstances', { status: 400, code: 'InvalidParameterCombination', message });
  await expect(stack.deploy()).rejects.toMatchObject({
    code: 'aws-free-plan',
    nextSteps: [expect.stringContaining('m7i-flex.large'), expect.anything()],
  });
});

describe('an Elastic IP that EC2 shows only some time later', () => {
  /** Shows for some looks what was on the VM before a call. */
  const showingLate = (trigger: string, looks: number) => {
    let before: unknown;
    let left = 0;
    return answering(async (name, input, ask) => {
      const { signal } = new AbortController();
      if (name === trigger) {
        before = await ask('DescribeInstances', {}, signal);
        left = looks;
        return ask(name, input, signal);
      }
      return name === 'DescribeInstances' && left-- > 0 ? before : undefined;
    });
  };
  const addresses = async () =>
    (await moto.aws('describe-addresses')).Addresses.map((each: { PublicIp: string }) => each.PublicIp);

  test('is waited for on the VM', async () => {
    const done = await stack.deploy({ elasticIp: true }, { ec2: showingLate('AssociateAddress', 3) });
    expect([done.endpoints.a]).toEqual((await addresses()).map((ip: string) => `http://${ip}:8001`));
  });

  test('is not recorded once it was given up', async () => {
    const { endpoints } = await stack.deploy({ elasticIp: true });
    const ec2 = showingLate('DisassociateAddress', 3);
    const done = await stack.deploy({}, { ec2 });
    expect(done.endpoints.a).toMatch(/^http:/);
    expect(done.endpoints.a).not.toBe(endpoints.a);
    expect(await addresses()).toEqual([]);
  });
});
