import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gcp, startGcp } from '../../../lab/gcp/gcp.ts';
import { memoryBalancers } from '../../../lab/gcp/memory-balancers.ts';
import { memoryMachines } from '../../../lab/gcp/memory-machines.ts';
import { Cli } from '../../support/cli.ts';
import { folderOf, type Killed, type Loses, meetTheRest, staircase } from '../../support/lab/staircase.ts';

const obstacle = process.getuid?.() === 0 ? undefined : 'port 80 needs root';
const PARTS = {
  ...{
    address: 'addresses',
    'firewall-lb': 'firewalls',
    'firewall-ssh': 'firewalls',
    'firewall-rest': 'firewalls',
    'health-check': 'healthChecks',
  },
  ...{ 'llm-b-mig': 'instanceGroupManagers', 'llm-b-autoscaler': 'autoscalers', 'healing-check': 'healthChecks' },
  ...{ backend: 'backendServices', 'url-map': 'urlMaps', 'http-proxy': 'targetHttpProxies' },
  ...{ 'forwarding-rule': 'forwardingRules' },
};
const KEYS = [
  'address',
  'firewall-lb',
  'firewall-ssh',
  'firewall-rest',
  'health-check',
  'healing-check',
  'template-',
  'group-',
];
const MORE_KEYS = ['autoscaler-', 'backend', 'backend-group', 'url-map', 'http-proxy', 'forwarding-rule'];
const states = (...names: string[]) =>
  [...KEYS, ...MORE_KEYS].flatMap((key) => names.map((name) => `state gcp/${key}*=${name}*: after`));
const MADE = [
  ...[...new Set(Object.values(PARTS)), 'instanceTemplates'].map((collection) => `gcp POST */${collection}`),
  'gcp PATCH */backendServices/',
  ...states('creating', 'ready'),
  ...['gcp=recorded*: after', 'gcp=deployed*: after'],
];
const REMOVED = [
  ...Object.entries(PARTS).map(([part, collection]) => `gcp DELETE */${collection}/*-${part}`),
  ...['gcp DELETE */instanceTemplates/', 'gcp PUT */backendServices/'],
  ...states('removing'),
];
/** A look changes nothing, and what it has seen nobody knows: a kill after it is one before the next effect. */
const EFFECTS = '^(?!gcp GET|gcp POST .*/(listManagedInstances|getHealth)|http .*/health)';
/** A kill before a write is one after the effect before it: before, only calls that change something are met. */
const CALLS = '^gcp (POST|PATCH|PUT|DELETE) (?!.*/(listManagedInstances|getHealth|operations))';
const ALL = process.env.CHAINCTL_LAB_KILL === 'all';
const WHICH = { before: ALL ? '^' : CALLS, after: ALL ? '^' : EFFECTS };

const NONE = Object.fromEntries(
  [...Object.values(PARTS), 'instanceTemplates', 'instances', 'disks', 'images'].map((collection) => [collection, 0]),
);
const UP = {
  ...Object.fromEntries(Object.keys(NONE).map((collection) => [collection, 1])),
  ...{ images: 0, firewalls: 3, healthChecks: 2 },
};

describe.skipIf(obstacle)(`deploy gcp, killed at every effect${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let gcp: Gcp;
  let cli: Cli;
  let kills = 0;

  beforeAll(async () => {
    gcp = await startGcp({ machines: memoryMachines(), balancers: memoryBalancers() });
    cli = await Cli.open();
    // A process that is killed keeps nothing of what it compiled: this one does, for the hundreds that come.
    await run('none', [...deploy(), '--dry-run']);
  });
  afterAll(async () => {
    await cli?.close();
    await gcp?.stop();
  });

  const env = () => ({ ...gcp.env, CHAINCTL_HOME: cli.home, CHAINCTL_OPERATOR_ADDRESS: '203.0.113.7/32' });
  const run = (stack: string, args: readonly string[]) =>
    cli.run([...args, '--stack', stack, '--json'], { env: env() });
  const deploy = () => ['deploy', 'gcp', '--no-bake', '--yes'];
  const teardown = () => ['teardown', 'gcp', '--yes'];
  const count = (stack: string) => gcp.count(`chainctl-${stack}-`);
  /** The chain has three firewall rules and two health checks, and those by different names. */
  const killed = (stack: string): Killed => ({
    ...{ stack, cli, env: env() },
    async count() {
      const counted = Object.entries(count(stack)) as [keyof typeof UP, number][];
      return Object.fromEntries(counted.map(([kind, n]) => [kind, n <= UP[kind] ? Math.min(n, 1) : n + 1]));
    },
  });

  async function climb(stack: string, args: readonly string[], loses: Loses, only: string) {
    const stairs = await staircase(killed(stack), args, { loses, only });
    kills += stairs.kills;
    return stairs.labels;
  }

  async function serves(stack: string) {
    const again = await run(stack, deploy());
    const { endpoints, changes } = JSON.parse(again.stdout).result;
    expect(changes.filter(({ action }: { action: string }) => action !== 'unchanged')).toEqual([]);
    expect((await fetch(`${endpoints.b}/health`)).status).toBe(200);
    expect(count(stack)).toEqual(UP);
  }

  const up: string[] = [];
  const down: string[] = [];

  // Two stacks side by side, since it takes long: one dies before every effect, the other after it.
  it.concurrent.each(['before', 'after'] as const)(
    'a deploy goes on, and a teardown leaves nothing: %s each',
    async (side) => {
      up.push(...(await climb(side, deploy(), 'nothing', `${WHICH[side]}.*: ${side}`)));
      await serves(side);
      down.push(...(await climb(side, teardown(), 'nothing', `${WHICH[side]}.*: ${side}`)));
      expect(count(side)).toEqual(NONE);
      expect(await readdir(folderOf(killed(side)))).not.toContain('secrets');
    },
    900_000,
  );

  it('what passed unseen beside another effect is met, too', async () => {
    expect(down).toContain('file rm stacks/after/secrets: after');
    kills += await meetTheRest(
      killed('again'),
      { args: deploy(), effects: MADE, labels: up },
      { args: teardown(), effects: REMOVED, labels: down },
      { up: expect.anything(), down: expect.anything() },
    );
    expect(count('again')).toEqual(NONE);
  }, 900_000);

  it('so they do when the state file is lost each time', async () => {
    await climb('lost', deploy(), 'the state', '^gcp (POST|PATCH) (?!.*/(listManaged|getHealth|operations)).*: after');
    await serves('lost');
    await climb('lost', teardown(), 'the state', '^gcp (PUT|DELETE) .*: after');
    expect(count('lost')).toEqual(NONE);
  }, 900_000);

  it('and in the end nothing is left', () => {
    expect(kills).toBeGreaterThan(120);
    expect(Object.values(gcp.count()).every((n) => n === 0)).toBe(true);
    expect(gcp.problems).toEqual([]);
  });
});
