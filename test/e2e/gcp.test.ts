import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Gcp, startGcp } from '../../lab/gcp/gcp.ts';
import { memoryBalancers } from '../../lab/gcp/memory-balancers.ts';
import { memoryMachines } from '../../lab/gcp/memory-machines.ts';
import { Cli } from '../support/cli.ts';
import { noPort80 } from '../support/port-80.ts';

let gcp: Gcp;
let cli: Cli;
let env: Record<string, string>;

beforeAll(async () => {
  gcp = await startGcp({ machines: memoryMachines(), balancers: memoryBalancers() });
});
afterAll(() => gcp.stop());
beforeEach(async () => {
  cli = await Cli.open();
  env = { ...gcp.env, CHAINCTL_OPERATOR_ADDRESS: '203.0.113.7' };
});
afterEach(() => cli.close());

test.skipIf(noPort80).each(['deploy gcp', 'doctor', 'gc', 'teardown', 'status'])(
  '%s has a help text with its flags',
  async (command) => {
    const { code, stdout } = await cli.run([...command.split(' '), '--help'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('--project');
  },
);

test.skipIf(noPort80)('a dry run shows the plan and the price, and makes nothing', async () => {
  const { code, stderr, envelope } = await cli.json(['deploy', 'gcp', '--max', '2', '--dry-run'], { env });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(envelope.result).toMatchObject({
    target: 'gcp',
    project: gcp.project,
    location: 'europe-west3-c',
    applied: false,
    cost: { perHour: { min: expect.any(Number), max: expect.any(Number) } },
  });
  const keys = envelope.result.changes.map(({ key }: { key: string }) => key);
  expect(keys).toEqual(expect.arrayContaining(['address', 'group-europe-west3-c', 'forwarding-rule']));
  expect(stderr).toContain('USD per hour');
  expect(stderr).toContain('public');
  expect(Object.values(gcp.count()).every((count) => count === 0)).toBe(true);
});

test.skipIf(noPort80)('a group without an image is deployed, seen by status and taken down', async () => {
  const args = ['deploy', 'gcp', '--no-bake', '--auth', 'none', '--yes', '--ready-timeout', '60s'];
  const deployed = await cli.json(args, { env });
  expect(deployed).toMatchObject({ code: 0, envelope: { result: { applied: true } } });
  const { b } = deployed.envelope.result.endpoints;
  const status = await cli.json(['status', '--refresh'], { env });
  expect(status.envelope.result.targets).toMatchObject([{ target: 'gcp', healthy: true, endpoints: { b } }]);
  const drift = status.envelope.result.targets[0].drift as { drift: string }[];
  expect(drift.map((each) => each.drift)).toEqual(drift.map(() => 'in-sync'));
  const down = await cli.json(['teardown', 'gcp', '--yes'], { env });
  expect(down).toMatchObject({ code: 0, envelope: { result: { targets: [{ leftovers: [] }] } } });
  expect(Object.values(gcp.count()).every((count) => count === 0)).toBe(true);
});

test.skipIf(noPort80)('doctor examines project, zone, type and quota, and changes nothing', async () => {
  const { code, envelope } = await cli.json(['doctor', 'gcp', '--zones', 'europe-west3-c,europe-west3-a'], { env });
  const checks = envelope.result.checks as { name: string; status: string; detail: string }[];
  expect(Object.fromEntries(checks.map(({ name, status }) => [name, status]))).toEqual({
    'gcp credentials': 'ok',
    'gcp project': 'ok',
    'gcp zone': 'ok',
    'gcp type': 'ok',
    'gcp quota': 'ok',
    'gcp network': 'ok',
    'your address': 'ok',
  });
  expect(code).toBe(0);
  const big = await cli.json(['doctor', 'gcp', '--max', '40', '--gcp-type', 'e2-standard-8'], { env });
  expect(big.envelope.result.checks).toContainEqual(
    expect.objectContaining({ name: 'gcp quota', status: 'warning', detail: expect.stringContaining('CPUS') }),
  );
  const none = await cli.json(['doctor', 'gcp', '--gcp-type', 'e2-nope'], { env });
  expect(none.code).toBe(8);
});

test.skipIf(noPort80)('gc finds a stack that no machine knows any more, and removes it', async () => {
  const args = ['deploy', 'gcp', '--stack', 'lost', '--no-bake', '--auth', 'none', '--yes', '--ready-timeout', '60s'];
  expect((await cli.run(args, { env })).code).toBe(0);
  const known = await cli.json(['gc', 'gcp', '--dry-run'], { env });
  expect(known.envelope.result.garbage).toEqual([]);
  await cli.close();
  cli = await Cli.open();
  const listed = await cli.json(['gc', 'gcp', '--dry-run'], { env });
  expect(listed.envelope.result).toMatchObject({
    project: gcp.project,
    garbage: [{ stack: 'lost', reason: 'unknown here', foreign: false, perHour: expect.any(Number) }],
  });
  const removed = await cli.json(['gc', 'gcp', '--yes'], { env });
  expect(removed).toMatchObject({ code: 0 });
  expect(Object.values(gcp.count()).every((count) => count === 0)).toBe(true);
});

test.skipIf(noPort80).each([
  [['--zones', 'here'], 2, 'europe-west3-c'],
  [['--zones', 'europe-west3-c,us-central1-a'], 2, 'one region'],
  [['--min', '3', '--max', '2'], 2, '--max'],
  [['--autoscale', 'gpu=1'], 2, 'cpu=0.6'],
  [['--ttl', '1m'], 2, '--ttl'],
  [['--type', 'e2-nope', '--dry-run'], 3, 'machine-types list'],
  [['--zones', 'europe-west9-a', '--dry-run'], 3, 'zone'],
  [['--zones', 'europe-west3-x', '--dry-run'], 3, 'gcloud compute zones list'],
  [['--endpoint-url', 'http://192.0.2.1', '--dry-run'], 2, 'in the clear'],
  [['--project', '123456789012', '--dry-run'], 2, 'gcloud projects describe 123456789012'],
  [['--project', 'somebody-elses', '--dry-run'], 3, 'project'],
] as const)('deploy gcp %j leaves with %i and says what to do', async (args, exit, step) => {
  const { code, stderr } = await cli.run(['deploy', 'gcp', ...args], { env });
  expect({ code, stderr }).toMatchObject({ code: exit, stderr: expect.stringContaining(step) });
  expect(stderr).not.toContain('    at ');
});

test.skipIf(noPort80)('without credentials the sentence says how to get some', async () => {
  const { CHAINCTL_GCP_ENDPOINT_URL: _, ...without } = env;
  const nowhere = { ...without, METADATA_SERVER_DETECTION: 'none', GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json' };
  const { code, stderr } = await cli.run(['deploy', 'gcp', '--dry-run'], { env: nowhere });
  expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('application-default login') });
});
