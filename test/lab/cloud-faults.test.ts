import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { labObstacle } from '../../lab/support.ts';
import { NOTHING, ONE, Stacks, sentence, started } from '../support/lab/stacks.ts';

const obstacle = await labObstacle(false);
const INTERRUPTED = 130;

describe.skipIf(obstacle)(`a cloud in trouble${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: Lab;
  let stacks: Stacks;

  beforeAll(async () => {
    lab = await startLab();
    stacks = await Stacks.open(lab);
  });
  afterAll(async () => {
    await stacks?.close();
    await lab?.stop();
  });
  afterEach(async () => {
    lab.faults.clear();
    lab.behaviour.groupReleaseMs = 0;
    expect((await stacks.teardown('faulty')).code).toBe(0);
  });

  const everyCall = [
    ...['ImportKeyPair', 'CreateSecurityGroup', 'AuthorizeSecurityGroupIngress', 'RunInstances'],
    ...['AllocateAddress', 'AssociateAddress', 'DescribeInstances'],
  ];

  it.each([
    ['throttling', { kind: 'error', code: 'RequestLimitExceeded' }],
    ['500s', { kind: 'error', code: 'InternalError' }],
    ['connections cut before a call took effect', { kind: 'reset-before' }],
    ['connections cut after a call took effect', { kind: 'reset-after' }],
  ] as const)('%s: passes, and makes nothing twice', async (_name, fault) => {
    for (const action of everyCall) lab.faults.add({ ...fault, action });
    const { code } = await stacks.deployCloud('faulty', ['--elastic-ip']);
    expect(code).toBe(INTERRUPTED);
    expect(lab.faults.left).toBe(0);
    expect(await lab.countPlainly()).toEqual({ ...ONE, addresses: 1 });
  });

  it.each([
    ['VcpuLimitExceeded', 'RunInstances', 4, 'aws-capacity', /instance-a.*vCPU/, '--type'],
    ['InsufficientInstanceCapacity', 'RunInstances', 4, 'aws-capacity', /instance-a.*capacity/, 'another --type'],
    ['RequestLimitExceeded', 'ImportKeyPair', 5, 'aws-throttled', /ssh-key.*throttling ImportKeyPair/, 'wait a minute'],
    ['InternalError', 'CreateSecurityGroup', 5, 'aws-trouble', /firewall.*CreateSecurityGroup/, 'same command again'],
    ['UnauthorizedOperation', 'RunInstances', 3, 'aws-forbidden', /instance-a.*ec2:RunInstances/, 'docs/aws.md'],
  ] as const)('%s at %s: one sentence with a next step, and the next deploy goes on', async (...row) => {
    const [code, action, exit, name, says, step] = row;
    lab.faults.add({ action, kind: 'error', code, times: 99 });
    const failed = await stacks.deployCloud('faulty');
    expect(sentence(failed)).toEqual({
      exit,
      error: name,
      says: expect.stringMatching(says),
      next: expect.stringContaining(step),
    });
    expect(failed.warnings.join()).toContain('run.js teardown aws --stack faulty" removes it');
    lab.faults.clear();
    // The advice may be followed at once.
    const other = code === 'InsufficientInstanceCapacity' ? ['--type', 'm6i.large'] : [];
    expect((await stacks.deployCloud('faulty', other)).code).toBe(INTERRUPTED);
    expect(await lab.countPlainly()).toEqual(ONE);
  });

  it('credentials that expire in the middle: exit 3, what there is, and the next deploy goes on', async () => {
    const failed = await stacks.deploy('faulty', [], (event) => {
      if (started(event, 'instance-a')) lab.faults.add({ kind: 'expired-credentials', times: 999 });
    });
    expect(sentence(failed)).toMatchObject({
      exit: 3,
      error: 'aws-expired',
      says: expect.stringMatching(/^instance-a: the AWS credentials have expired/),
      next: expect.stringContaining('aws sso login'),
    });
    expect(failed.warnings.join()).toMatch(/still there:.*ssh-key.*firewall.*instance-a.*USD\/h/s);
    // A teardown that is not let in says so, and does not claim that anything is gone.
    expect(sentence(await stacks.teardown('faulty'))).toMatchObject({ exit: 3, error: 'aws-expired' });
    lab.faults.clear();
    expect((await stacks.deployCloud('faulty')).code).toBe(INTERRUPTED);
    expect(await lab.countPlainly()).toEqual(ONE);
  });

  it('a connection cut at every attempt after the launch took effect: the next deploy meets that VM', async () => {
    lab.faults.add({ action: 'RunInstances', kind: 'reset-after', times: 99 });
    const failed = await stacks.deployCloud('faulty');
    expect(sentence(failed)).toMatchObject({ exit: 5, error: 'aws-unreachable' });
    expect(failed.warnings.join()).toContain('instance-a, perhaps (it was being made)');
    lab.faults.clear();
    expect((await stacks.deployCloud('faulty')).code).toBe(INTERRUPTED);
    expect(await lab.countPlainly()).toEqual(ONE);
  });

  it('a VM that ends by itself before it answers: exit 5 for that reason, not for a wait that ran out, and the next deploy makes another', async () => {
    const failed = await stacks.deploy('faulty', [], (event) => {
      if (started(event, 'host-a')) void terminateAll().catch(() => {});
    });
    expect(sentence(failed)).toMatchObject({
      exit: 5,
      error: 'aws-terminated',
      says: expect.stringMatching(/VM i-\w+ ended by itself/),
      next: expect.stringContaining('makes a new one'),
    });
    expect((await stacks.deployCloud('faulty')).code).toBe(INTERRUPTED);
    expect(await lab.countPlainly()).toEqual(ONE);
  });

  it('a security group that stays in use for a while: the teardown waits for it', async () => {
    await stacks.deployCloud('faulty');
    lab.behaviour.groupReleaseMs = 3000;
    const ended = await stacks.teardown('faulty');
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/"step-waiting".*firewall/);
    expect(await lab.countPlainly()).toEqual(NOTHING);
  });

  it('a stack in another region than the environment names: found there, and refused elsewhere', async () => {
    expect((await stacks.deployCloud('faulty', ['--region', 'us-east-1'])).code).toBe(INTERRUPTED);
    expect(
      sentence(await stacks.run(['teardown', 'aws', '--stack', 'faulty', '--region', 'eu-north-1', '--yes'])),
    ).toEqual({
      exit: 3,
      error: 'aws-elsewhere',
      says: expect.stringContaining('us-east-1'),
      next: expect.stringContaining('--region us-east-1'),
    });
    const { result } = await stacks.teardown('faulty');
    expect(JSON.stringify(result)).toContain('instance-a');
  });

  it('a teardown that is cut off: the same teardown again takes the rest', async () => {
    await stacks.deployCloud('faulty');
    lab.faults.add({ action: 'DeleteSecurityGroup', kind: 'error', code: 'InternalError', times: 99 });
    const ended = await stacks.teardown('faulty');
    expect(ended.code).toBe(7);
    expect(await lab.countPlainly()).toEqual({ ...NOTHING, securityGroups: 1 });
  });

  it('nothing is left of all that, as the AWS command line counts', async () => {
    expect(await lab.count()).toEqual(NOTHING);
  });

  async function terminateAll() {
    const query = 'Reservations[].Instances[?State.Name!=`terminated`][].InstanceId';
    const ids = (await lab.aws('ec2', 'describe-instances', '--query', query)) as string[];
    await lab.aws('ec2', 'terminate-instances', '--instance-ids', ...ids);
  }
});

describe.skipIf(obstacle)(`left over, and examined${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: Lab;
  let stacks: Stacks;

  beforeAll(async () => {
    lab = await startLab();
    stacks = await Stacks.open(lab);
  });
  afterAll(async () => {
    await stacks?.close();
    await lab?.stop();
  });

  const ours = async (stack: string) => {
    const found = (await lab.aws('ec2', 'describe-tags', '--filters', `Name=value,Values=${stack}`)) as {
      Tags: { Key: string; ResourceId: string }[];
    };
    return found.Tags.filter(({ Key }) => Key === 'chainctl:stack').map(({ ResourceId }) => ResourceId);
  };
  const tag = async (stack: string, key: string, value: string) =>
    lab.aws(
      ...[
        'ec2',
        'create-tags',
        '--resources',
        ...(await ours(stack)),
        '--tags',
        JSON.stringify([{ Key: key, Value: value }]),
      ],
    );

  it('gc removes what was lost or has expired, and neither what is in use nor what has no tag', async () => {
    await lab.aws('ec2', 'create-key-pair', '--key-name', 'chainctl-lost-by-hand');
    await lab.aws('ec2', 'create-security-group', '--group-name', 'chainctl-by-hand', '--description', 'mine');
    for (const stack of ['lost', 'expired', 'in-use', 'colleague']) await stacks.deployCloud(stack, ['--ttl', '4h']);
    for (const stack of ['lost', 'colleague']) await rm(join(stacks.home, 'stacks', stack), { recursive: true });
    await tag('expired', 'chainctl:expires-at', '2020-01-01T00:00:00.000Z');
    await tag('colleague', 'chainctl:created-by', 'somebody@else');
    const listed = await stacks.run(['gc', '--dry-run']);
    expect(listed.code).toBe(0);
    const { clouds } = listed.result as unknown as { clouds: { target: string; garbage: unknown[] }[] };
    expect(clouds.find(({ target }) => target === 'aws')?.garbage).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ stack: 'lost', reason: 'unknown here', foreign: false }),
        expect.objectContaining({ stack: 'expired', reason: 'expired', foreign: false }),
        expect.objectContaining({ stack: 'colleague', reason: 'unknown here', foreign: true }),
      ]),
    );
    const removed = await stacks.run(['gc', '--yes']);
    expect(removed.code).toBe(0);
    expect(await lab.countPlainly()).toEqual({
      instances: 2,
      keyPairs: 3,
      securityGroups: 3,
      addresses: 0,
      volumes: 2,
    });
    expect((await stacks.run(['gc', '--yes', '--others'])).code).toBe(0);
    expect((await stacks.teardown('in-use')).code).toBe(0);
    // A stack whose VM is gone is deployed and torn down like any other.
    expect((await stacks.teardown('expired')).code).toBe(0);
    expect(await lab.countPlainly()).toEqual({ ...NOTHING, keyPairs: 1, securityGroups: 1 });
  });

  it('doctor: fine, and says what is wrong with credentials', async () => {
    const fine = await stacks.run(['doctor', 'aws']);
    expect([fine.code, fine.stderr]).toEqual([0, '']);
    for (const [fault, says] of [
      [{ kind: 'expired-credentials' }, /expired.*sso login/s],
      [{ kind: 'error', code: 'AuthFailure' }, /does not accept the credentials.*get-caller-identity/s],
      [{ kind: 'error', code: 'UnauthorizedOperation' }, /may not do.*permission/s],
    ] as const) {
      lab.faults.add({ ...fault, times: 99 });
      const bad = await stacks.run(['doctor', 'aws']);
      lab.faults.clear();
      expect([bad.code, JSON.stringify(bad.result)]).toEqual([8, expect.stringMatching(says)]);
    }
    const none = await stacks.run(['doctor', 'aws'], undefined, { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    expect([none.code, JSON.stringify(none.result)]).toEqual([
      8,
      expect.stringMatching(/no AWS credentials.*configure/s),
    ]);
  });
});
