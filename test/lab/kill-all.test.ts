import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABEL } from '../../lab/cache.ts';
import { labDocker } from '../../lab/images.ts';
import { type BothClouds, startLab } from '../../lab/lab.ts';
import { labObstacle } from '../../lab/support.ts';
import { Cli } from '../support/cli.ts';
import { folderOf, type Killed, killAt, type Loses, loseState, staircase } from '../support/lab/staircase.ts';

const obstacle = await labObstacle(true);

/** What changes something on either cloud. */
const CHANGES = '(api (?!Describe)|gcp (POST|PATCH|PUT|DELETE) (?!.*/(operations|listManagedInstances|getHealth)))';
/** A kill before an effect is one after the effect before it, so that most are met on one side only. */
const CALLS = `^${CHANGES}.*: after`;
const STATES = [
  ...['gcp=recorded', 'aws=recorded', 'gcp/address=ready', 'gcp/image-.*=(creating|created|ready)'],
  ...['(aws|gcp)=deployed', 'aws/instance-a=(creating|created)', 'gcp/group-.*=created', 'aws/service-a=created'],
].map((change) => `^state .*${change}: after`);
/** How an image is made: what is asked of Compute Engine, and what is done on the builder, also in the middle of it. */
const BAKING = [
  ...['POST [^ ]*/instances', 'POST [^ ]*/stop', 'POST global/images', 'DELETE [^ ]*-builder-[^ ]*'].flatMap((call) => [
    `gcp ${call}: before`,
    `gcp ${call}: after`,
  ]),
  ...['cloud-init status .*: after', 'rm -f "\\$f".*: after', 'service-b/releases/\\.push.*: (input 2|after)'],
  ...['-t chainctl/service-b:.*: (first output|after)', 'service-b --env.* up -d ollama.*: after'],
  ...['service-b --env.* up -d service.*: after', 'service-b/manifest\\.json.*: after', 'chainctl-serve.new .*: after'],
  ...['chainctl-serve.service.*: after', 'sh /run/chainctl-seal.*: (input 1|after)'],
  ...['http POST /api/pull: first bytes', 'http POST /invoke: after'],
];
const REMOVALS = [
  CALLS,
  '^state .*/(instance-a|image-.*|group-.*)=removing: after',
  '^state .*(aws|gcp)=forgotten.*: after',
];

const QUICK = ['--min-process-seconds', '0', '--max', '1'];
const PROMPT = 'The same sentence until it is long enough for the chain to accept it. '.repeat(20);
const UP = { instances: 1, keyPairs: 1, securityGroups: 1, addresses: 1 };
const NONE = expect.toSatisfy((counts: Record<string, number>) => Object.values(counts).every((n) => n === 0), 'all 0');

describe.skipIf(obstacle)(`deploy all, killed at its effects${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: BothClouds;
  let cli: Cli;
  let kills = 0;

  beforeAll(async () => {
    [lab, cli] = await Promise.all([startLab({ vms: true, gcp: { operationMs: 100 } }), Cli.open()]);
    // A process that is killed keeps nothing of what it compiled: this one does.
    await cli.run([...deploy(), '--dry-run', '--stack', 'none'], { env: killed('none').env });
  });
  afterAll(async () => {
    await cli?.close();
    await lab?.stop();
  });

  const deploy = () => ['deploy', 'all', '--yes', '--elastic-ip', ...QUICK];
  const teardown = () => ['teardown', 'all', '--yes'];
  const killed = (stack: string): Killed => ({
    ...{ stack, cli, env: { ...lab.env, CHAINCTL_HOME: cli.home, CHAINCTL_OPERATOR_ADDRESS: `${lab.gateway}/32` } },
    count: () => count(stack),
  });

  /** What a stack has, by what it may have one of. Its firewall rules are three, its health checks two, by different names. */
  async function count(stack: string) {
    const { volumes: _, ...aws } = await lab.countPlainly(stack);
    const { firewalls, healthChecks, instances: _all, disks: _disks, ...gcp } = lab.gcp.count(`chainctl-${stack}-`);
    const vms = (part: string) => lab.gcp.count(`chainctl-${stack}-${part}-`).instances;
    const pairs = { firewalls: Math.ceil(firewalls / 3), healthChecks: Math.ceil(healthChecks / 2) };
    const ofGcp = { ...gcp, ...pairs, builders: vms('builder'), vms: vms('llm-b') };
    return { ...aws, ...Object.fromEntries(Object.entries(ofGcp).map(([kind, n]) => [`gcp ${kind}`, n])) };
  }

  async function climb(stack: string, args: readonly string[], only: string, loses: Loses = 'nothing') {
    const stairs = await staircase(killed(stack), args, { loses, only });
    kills += stairs.kills;
    return stairs.labels;
  }

  /** Nothing is left to do, and the chain answers from end to end. */
  async function serves(stack: string) {
    const { code, envelope } = await cli.json([...deploy(), '--stack', stack], { env: killed(stack).env });
    expect([code, envelope]).toEqual([0, expect.anything()]);
    const { gcp, aws, endpoints } = envelope.result;
    const changes: { readonly action: string }[] = [...gcp.changes, ...aws.changes];
    expect(changes.filter(({ action }) => action !== 'unchanged')).toEqual([]);
    const token = (await readFile(join(folderOf(killed(stack)), 'secrets', 'token'), 'utf8')).trim();
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const body = JSON.stringify({ prompt: PROMPT });
    const answer = await fetch(`${endpoints.a}/chain`, { method: 'POST', headers, body });
    expect([answer.status, await answer.json()]).toMatchObject([200, { service: 'a', b_result: { service: 'b' } }]);
    expect(await count(stack)).toMatchObject({ ...UP, 'gcp builders': 0, 'gcp vms': 1, 'gcp images': 1 });
  }

  it.concurrent('after every call of either cloud, and around writes of the state', async () => {
    await climb('calls', deploy(), [CALLS, ...STATES].join('|'));
    await serves('calls');
    await climb('calls', teardown(), [...REMOVALS, '/secrets: after'].join('|'));
    expect(await count('calls')).toEqual(NONE);
    expect(await readdir(folderOf(killed('calls')))).not.toContain('secrets');
  }, 600_000);

  it.concurrent('around every step of the baking, and without the state on the way down', async () => {
    const labels = await climb('bake', deploy(), BAKING.join('|'));
    expect(BAKING.filter((step) => !labels.some((label) => new RegExp(step).test(label)))).toEqual([]);
    await serves('bake');
    await climb('bake', teardown(), CALLS, 'the state');
    expect(await count('bake')).toEqual(NONE);
  }, 600_000);

  it('taken down in the middle of the sealing, after the state was lost', async () => {
    await killAt(killed('half'), deploy(), 'sh /run/chainctl-seal.*: after');
    expect(await count('half')).toMatchObject({ ...UP, 'gcp builders': 1, 'gcp images': 0 });
    await loseState(killed('half'));
    await climb('half', teardown(), CALLS);
    expect(await count('half')).toEqual(NONE);
  }, 300_000);

  it('and in the end neither gcloud, nor the AWS command line, nor Docker finds anything', async () => {
    expect(kills).toBeGreaterThan(80);
    await Promise.all([lab.settled(), lab.gcp.settled()]);
    expect(lab.gcp.count()).toEqual(NONE);
    expect(await lab.count()).toEqual(NONE);
    const lists = ['instances', 'images', 'instance-groups managed', 'instance-templates', 'addresses', 'disks'];
    for (const kind of lists) {
      const more = kind === 'images' ? ['--no-standard-images'] : [];
      expect([kind, (await lab.gcp.gcloud('compute', ...kind.split(' '), 'list', ...more)) ?? []]).toEqual([kind, []]);
    }
    const ours = ['--filter', `label=${LABEL}=${basename(lab.folder)}`];
    expect(await labDocker().docker('ps', '--all', '--quiet', ...ours)).toBe('');
    expect([...lab.problems, ...lab.gcp.problems]).toEqual([]);
  });
});
