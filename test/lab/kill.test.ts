import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABEL } from '../../lab/cache.ts';
import { labDocker } from '../../lab/images.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { labObstacle } from '../../lab/support.ts';
import { Cli } from '../support/cli.ts';
import { folderOf, type Killed, type Loses, left, meetTheRest, staircase } from '../support/lab/staircase.ts';

const obstacle = await labObstacle(true);
const ONE_OF_EACH = { instances: 1, keyPairs: 1, securityGroups: 1, addresses: 1 };
const NONE = { instances: 0, keyPairs: 0, securityGroups: 0, addresses: 0 };
const MADE = [
  ...['api ImportKeyPair', 'api CreateSecurityGroup', 'api AuthorizeSecurityGroupIngress 22'],
  ...['api AuthorizeSecurityGroupIngress 8001', 'api RunInstances', 'api AllocateAddress', 'api AssociateAddress'],
  ...['ssh-key', 'firewall', 'instance-a', 'address-a', 'host-a', 'service-a'].flatMap((key) =>
    ['creating', 'ready'].map((status) => `aws/${key}=${status}`),
  ),
];
const ON_THE_VM = ['/build 2>&1', 'up -d ollama', 'up -d service', '/api/pull', 'POST /chain', 'manifest.json'];
const REMOVED = [
  ...['api DisassociateAddress', 'api ReleaseAddress', 'api TerminateInstances', 'api DeleteSecurityGroup'],
  ...['api DeleteKeyPair', 'ssh-key=removing', 'firewall=removing', 'instance-a=removing', 'address-a=removing'],
];
const FORGOTTEN = ['ssh-key', 'firewall', 'instance-a', 'address-a'].map((key) => `aws/${key}=forgotten`);

describe.skipIf(obstacle)(`killed at every effect${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: Lab;
  let cli: Cli;
  let b: Server;
  let bUrl: string;
  let kills = 0;

  beforeAll(async () => {
    [lab, cli] = await Promise.all([startLab({ vms: true }), Cli.open()]);
    b = createServer((_, response) => {
      const timing = { ollama_seconds: 0, total_seconds: 0 };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ service: 'b', model: 'none', llm_text: 'fine', timing, host: 'test' }));
    });
    b.listen(0, lab.gateway);
    await once(b, 'listening');
    bUrl = `http://${lab.gateway}:${(b.address() as AddressInfo).port}`;
  });
  // A process that is killed keeps nothing of what it compiled: this one does, for the hundreds that come.
  beforeAll(async () => {
    await run('none', [...deploy(), '--dry-run']);
  });
  afterAll(async () => {
    b?.close();
    await cli?.close();
    await lab?.stop();
  });

  const run = (stack: string, args: readonly string[]) =>
    cli.run([...args, '--stack', stack, '--json'], { env: killed(stack).env });
  const deploy = () => ['deploy', 'aws', '--b-url', bUrl, '--elastic-ip', '--yes'];
  const teardown = () => ['teardown', 'aws', '--yes'];
  /** One stack, as what kills it wants to know it. */
  const killed = (stack: string): Killed => ({
    ...{ stack, cli, env: { ...lab.env, CHAINCTL_HOME: cli.home, CHAINCTL_OPERATOR_ADDRESS: `${lab.gateway}/32` } },
    count: () => count(stack),
  });

  async function climb(stack: string, args: readonly string[], loses: Loses, only = '') {
    const stairs = await staircase(killed(stack), args, { loses, only });
    kills += stairs.kills;
    return stairs.labels;
  }

  /** What EC2 has of a stack. The volumes have no tag. */
  async function count(stack: string) {
    const { volumes: _, ...tagged } = await lab.countPlainly(stack);
    return tagged;
  }

  async function serves(stack: string) {
    const again = await run(stack, deploy());
    const { endpoints, changes } = JSON.parse(again.stdout).result;
    expect(changes.filter(({ action }: { action: string }) => action !== 'unchanged')).toEqual([]);
    expect((await fetch(`${endpoints.a}/health`)).status).toBe(200);
    expect(await count(stack)).toEqual(ONE_OF_EACH);
  }

  const up: string[] = [];
  const down: string[] = [];

  // Two stacks side by side, since it takes long: one dies before every effect or in the middle of it, the other after it.
  it.concurrent.each([
    ['before', ': (before|input \\d|first (output|bytes))$'],
    ['after', ': after'],
  ])(
    'a deploy goes on, and a teardown leaves nothing: %s each',
    async (side, only) => {
      up.push(...(await climb(side, deploy(), 'nothing', only)));
      await serves(side);
      down.push(...(await climb(side, teardown(), 'nothing', only)));
      expect(await count(side)).toEqual(NONE);
      expect(await readdir(folderOf(killed(side)))).not.toContain('secrets');
    },
    600_000,
  );

  it.concurrent('so they do when the state file is lost each time', async () => {
    await climb('lost', deploy(), 'the state', '^api (?!Describe).*: after');
    await serves('lost');
    const down = await climb('lost', teardown(), 'the state');
    // What runs side by side may pass unseen; each is met on both sides by the other tests.
    expect(left({ effects: REMOVED, labels: down }).length).toBeLessThanOrEqual(3);
    expect(await count('lost')).toEqual(NONE);
  }, 600_000);

  it('what passed unseen beside another effect is met, too', async () => {
    expect(down).toContain('file rm stacks/after/secrets: after');
    kills += await meetTheRest(
      killed('again'),
      { args: deploy(), effects: [...MADE, ...ON_THE_VM], labels: up },
      { args: teardown(), effects: [...REMOVED, ...FORGOTTEN], labels: down },
      { up: ONE_OF_EACH, down: NONE },
    );
  }, 600_000);

  it('and in the end the AWS command line finds nothing, and Docker no VM', async () => {
    expect(kills).toBeGreaterThan(150);
    await lab.settled();
    expect(Object.values(await lab.count())).toEqual([0, 0, 0, 0, 0]);
    expect(
      await labDocker().docker('ps', '--all', '--quiet', '--filter', `label=${LABEL}=${basename(lab.folder)}`),
    ).toBe('');
  });
});
