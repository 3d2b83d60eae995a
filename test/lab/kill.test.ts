import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cli } from '../support/cli.ts';
import { LABEL } from './cache.ts';
import { labDocker } from './images.ts';
import { type Lab, startLab } from './lab.ts';
import { labObstacle } from './support.ts';

const obstacle = await labObstacle(true);
const PRELOAD = new URL('kill-at.mjs', import.meta.url).href;
/** More labels than there are: a staircase that does not end is a bug. */
const MOST_RUNS = 400;
/** How often a kill that did not come about is tried again. */
const MOST_ROUNDS = 4;
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

/** What is deleted before each run. */
type Loses = 'nothing' | 'the state';

/** Effects of a command, and the labels at which it has been killed. */
interface Met {
  readonly effects: readonly string[];
  readonly labels: string[];
}

/** No label has it. */
const NOWHERE = '^$';

/** What of these has not been met by a kill on both sides, as patterns: `api RunInstances.*: after`. */
function left({ effects, labels }: Met): string[] {
  return effects
    .flatMap((effect) => ['before', 'after'].map((side) => [effect, side] as const))
    .filter(([effect, side]) => !labels.some((label) => label.includes(effect) && label.includes(`: ${side}`)))
    .map(([effect, side]) => `${effect.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}.*: ${side}`);
}

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
    await run('none', [...deploy(), '--dry-run'], { NODE_COMPILE_CACHE: join(cli.home, 'compiled') });
  });
  afterAll(async () => {
    b?.close();
    await cli?.close();
    await lab?.stop();
  });

  const run = (stack: string, args: readonly string[], env: Record<string, string> = {}) =>
    cli.run([...args, '--stack', stack, '--json'], {
      env: { ...lab.env, CHAINCTL_HOME: cli.home, CHAINCTL_OPERATOR_ADDRESS: `${lab.gateway}/32`, ...env },
    });
  const deploy = () => ['deploy', 'aws', '--b-url', bUrl, '--elastic-ip', '--yes'];
  const teardown = () => ['teardown', 'aws', '--yes'];
  const folderOf = (stack: string) => join(cli.home, 'stacks', stack);

  /** Runs a command again and again, each time killed at the next effect, until a run comes to its end. */
  async function staircase(stack: string, args: readonly string[], loses: Loses, only = '') {
    const file = join(cli.home, `${stack}.labels`);
    await writeFile(file, '');
    for (let runs = 1; runs < MOST_RUNS; runs++) {
      if (loses === 'the state') {
        await rm(join(folderOf(stack), 'state.json'), { force: true });
        await rm(join(folderOf(stack), 'history'), { recursive: true, force: true });
      }
      const result = await run(stack, args, {
        NODE_OPTIONS: `--import=${PRELOAD}`,
        NODE_COMPILE_CACHE: join(cli.home, 'compiled'),
        KILL_LABELS: file,
        KILL_ONLY: only,
      });
      const labels = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
      kills += Number(result.signal === 'SIGKILL');
      if (result.signal === 'SIGKILL') {
        const counted = await count(stack);
        for (const [kind, n] of Object.entries(counted))
          expect([labels.at(-1), kind, n > 1]).toEqual([labels.at(-1), kind, false]);
        continue;
      }
      expect(result).toMatchObject({ code: 0 });
      return labels;
    }
    throw new Error(`not at its end after ${MOST_RUNS} runs`);
  }

  /** What EC2 has of a stack. The volumes have no tag. */
  async function count(stack: string) {
    const { volumes: _, ...tagged } = await lab.countPlainly(stack);
    return tagged;
  }

  /**
   * Of two effects that run side by side, a kill at one lets the other pass unseen, and no later run has it again. Those
   * are met in a stack from nothing that is killed nowhere else.
   */
  async function meetTheRest(stack: string, up: Met, down: Met) {
    for (let round = 0; round < MOST_ROUNDS && (left(up).length > 0 || left(down).length > 0); round++) {
      up.labels.push(...(await staircase(stack, deploy(), 'nothing', left(up).join('|') || NOWHERE)));
      expect(await count(stack)).toEqual(ONE_OF_EACH);
      down.labels.push(...(await staircase(stack, teardown(), 'nothing', left(down).join('|') || NOWHERE)));
      expect(await count(stack)).toEqual(NONE);
    }
    expect([left(up), left(down)]).toEqual([[], []]);
  }

  async function serves(stack: string) {
    const again = await run(stack, deploy());
    const { endpoints, changes } = JSON.parse(again.stdout).result;
    expect(changes.filter(({ action }: { action: string }) => action !== 'unchanged')).toEqual([]);
    expect((await fetch(`${endpoints.a}/health`)).status).toBe(200);
    expect(await count(stack)).toEqual(ONE_OF_EACH);
  }

  it.concurrent('a deploy goes on, and a teardown leaves nothing', async () => {
    const up = await staircase('kept', deploy(), 'nothing');
    await serves('kept');
    const down = await staircase('kept', teardown(), 'nothing');
    expect(down).toContain('file rm stacks/kept/secrets: after');
    expect(await count('kept')).toEqual(NONE);
    expect(await readdir(folderOf('kept'))).not.toContain('secrets');
    await meetTheRest(
      'again',
      { effects: [...MADE, ...ON_THE_VM], labels: up },
      { effects: [...REMOVED, ...FORGOTTEN], labels: down },
    );
  }, 600_000);

  it.concurrent('so they do when the state file is lost each time', async () => {
    await staircase('lost', deploy(), 'the state', '^api (?!Describe).*: after');
    await serves('lost');
    const down = await staircase('lost', teardown(), 'the state');
    // What runs side by side may pass unseen; each is met on both sides by the other test.
    expect(left({ effects: REMOVED, labels: down }).length).toBeLessThanOrEqual(3);
    expect(await count('lost')).toEqual(NONE);
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
