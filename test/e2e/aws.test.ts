import { afterEach, beforeEach, expect } from 'vitest';
import { stackDeps } from '../../src/operator.ts';
import { systemClock } from '../../src/runtime.ts';
import { openEc2 } from '../../src/services/targets/aws/ec2.ts';
import { openAwsTarget } from '../../src/services/targets/aws/target.ts';
import { AwsStack } from '../integration/aws/aws-stack.ts';
import { CREDENTIALS, motoForTests, REGION, test } from '../integration/aws/moto.ts';
import { Cli } from '../support/cli.ts';

const moto = motoForTests();
let cli: Cli;
let env: Record<string, string>;

beforeEach(async () => {
  cli = await Cli.open();
  env = { ...CREDENTIALS, AWS_ENDPOINT_URL_EC2: moto.url, CHAINCTL_OPERATOR_ADDRESS: '203.0.113.7' };
});
afterEach(() => cli.close());

const B = ['--b-url', 'http://198.51.100.9'];

test('a dry run shows the plan and the price, and makes nothing', async () => {
  const { code, stderr, envelope } = await cli.json(['deploy', 'aws', ...B, '--ttl', '4h', '--dry-run'], { env });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(envelope.result).toMatchObject({ target: 'aws', region: REGION, applied: false });
  expect(envelope.result.changes.map(({ action }: { action: string }) => action)).toEqual(Array(5).fill('create'));
  expect(stderr).toContain('USD per hour');
  const { KeyPairs } = await moto.aws('describe-key-pairs');
  expect(KeyPairs).toEqual([]);
});

test.each([
  [['deploy', 'aws'], 2, '--b-url'],
  [['deploy', 'aws', '--b-url', 'http://127.0.0.1:8080'], 2, 'cannot reach'],
  [['deploy', 'aws', ...B, '--allow', '0.0.0.0/0'], 2, '--public'],
  [['deploy', 'aws', ...B, '--ttl', '1m'], 2, '--ttl'],
  [['deploy', 'aws', ...B, '--type', 'c6i.nope', '--dry-run'], 3, 'c6i.xlarge'],
  [['deploy', 'aws', ...B, '--operator-address', 'here'], 2, '203.0.113.7/32'],
] as const)('%j leaves with %i and says what to do', async (args, exit, step) => {
  const { code, stderr } = await cli.run([...args], { env });
  expect({ code, stderr }).toMatchObject({ code: exit, stderr: expect.stringContaining(step) });
  expect(stderr).not.toContain('    at ');
});

test('without credentials the sentence says how to get some', async () => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...without } = env;
  const { code, stderr } = await cli.run(['deploy', 'aws', ...B, '--dry-run'], { env: without });
  expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('aws sso login') });
});

test('in a lab the internet is not asked for the address', async () => {
  const { CHAINCTL_OPERATOR_ADDRESS: _, ...without } = env;
  const { code, stderr } = await cli.run(['deploy', 'aws', ...B, '--dry-run'], { env: without });
  expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('CHAINCTL_OPERATOR_ADDRESS') });
});

test('doctor examines this machine and the account, and changes nothing', async () => {
  const { code, envelope } = await cli.json(['doctor'], { env });
  const status = Object.fromEntries(
    envelope.result.checks.map(({ name, status: each }: { name: string; status: string }) => [name, each]),
  );
  expect(status).toMatchObject({
    node: 'ok',
    'aws credentials': 'ok',
    clock: 'ok',
    'aws region': 'ok',
    'aws type': 'ok',
    'aws image': 'ok',
    'aws network': 'ok',
    'aws launch': 'ok',
    'your address': 'ok',
  });
  expect(code).toBe(0);
  const { Reservations } = await moto.aws('describe-instances');
  expect(Reservations).toEqual([]);
  const failing = await cli.run(['doctor', 'aws', '--type', 't3a.large'], { env });
  expect(failing).toMatchObject({ code: 8, stdout: expect.stringContaining('does not offer') });
});

test("gc lists everybody's leftovers, removes one's own, and touches neither tags of others nor the untagged", async () => {
  const mine = await AwsStack.open(moto.url, 'lost');
  const { user, host } = await whoami();
  await mine.deploy({ elasticIp: true }, { createdBy: `${user}@${host}` });
  const theirs = await AwsStack.open(moto.url, 'theirs');
  await theirs.deploy();
  await moto.aws('create-key-pair', '--key-name', 'plain');

  const listed = await cli.run(['gc', '--dry-run'], { env });
  expect(listed.stdout).toContain('lost: unknown here');
  expect(listed.stdout).toContain("somebody else's");
  expect(await cli.run(['gc'], { env })).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });

  expect(await cli.run(['gc', '--yes'], { env })).toMatchObject({ code: 0 });
  const ec2 = await openEc2({ region: REGION, endpoint: moto.url, clock: systemClock });
  const context = { clock: systemClock, emit: () => {}, signal: new AbortController().signal };
  const left = async (stack: string) => (await openAwsTarget(ec2, stack, undefined, context)).discover(context);
  expect(await left('lost')).toEqual([]);
  expect(await left('theirs')).toEqual(['ssh-key', 'firewall', 'instance-a']);

  expect(await cli.run(['gc', '--others', '--yes'], { env })).toMatchObject({ code: 0 });
  expect(await left('theirs')).toEqual([]);
  const { KeyPairs } = await moto.aws('describe-key-pairs');
  expect(KeyPairs.map(({ KeyName }: { KeyName: string }) => KeyName)).toEqual(['plain']);
  await Promise.all([mine.close(), theirs.close()]);
});

/** Who the command takes itself for. */
async function whoami() {
  const { self } = await stackDeps(() => {}, new AbortController().signal);
  return self;
}
