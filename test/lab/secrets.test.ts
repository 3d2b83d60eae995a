import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labObstacle } from '../../lab/support.ts';
import type { CliResult } from '../support/cli.ts';
import { DeployedLab } from '../support/lab/deployed.ts';
import { filesBelow, needlesOf, sampleCommandLines, secretsIn } from '../support/lab/needles.ts';

const obstacle = await labObstacle(true);
const CREDENTIALS = {
  AWS_SECRET_ACCESS_KEY: 'wJalrPlantedSecretAccessKeyNeverToBeSeen',
  AWS_SESSION_TOKEN: 'FwoGPlantedSessionTokenNeverToBeSeenAnywhere',
};
const SECRETS = ['ssh-key', 'host-key-a', 'token'];

describe.skipIf(obstacle)(`secrets${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let my: DeployedLab;
  let needles: ReadonlyMap<string, string>;
  const outputs = new Map<string, CliResult>();
  /** Command lines of all processes on this machine, those in VMs and their containers included. */
  const commandLines = new Set<string>();
  let sampling: NodeJS.Timeout;

  const run = async (args: readonly string[], ...exits: readonly number[]) => {
    const result = await my.cli.run(args, { env: { ...my.env, ...CREDENTIALS } });
    outputs.set(args.join(' '), result);
    expect(exits, `${args.join(' ')}: ${result.stderr.slice(-1500)}`).toContain(result.code);
  };
  const planted = async () => {
    const kept = await Promise.all(SECRETS.map(async (name) => [name, await my.secret(name)] as const));
    return needlesOf({ ...CREDENTIALS, ...Object.fromEntries(kept) });
  };

  beforeAll(async () => {
    my = await DeployedLab.start();
    sampling = setInterval(() => sampleCommandLines(commandLines), 25);
  });
  afterAll(async () => {
    clearInterval(sampling);
    await my?.stop();
  });

  it('are in no output, whatever a command does and however it ends', async () => {
    const open = await my.startB();
    const b = ['--b-url', open.url];
    await run(['deploy', 'aws', ...b, '--yes', '--json', '--debug'], 0);
    needles = await planted();
    await open.stop();
    await my.startB({ port: open.port, tokenFile: my.secretFile('token') });
    const other = join(my.cli.home, 'another-token');
    await writeFile(other, 'not-the-token\n', { mode: 0o600 });
    await run(['deploy', 'aws', ...b, '--yes'], 0);
    await run(['smoke', '--json', '--debug', '--junit', 'smoke.xml'], 0);
    await run(['smoke', '--token-file', other, '--debug'], 8);
    const points = ['--rps', '5', '--duration', '1s', '--warmup', '0s'];
    // 8: this machine was too busy to measure.
    await run(['load', ...points, '--debug', '--json'], 0, 8);
    await run(['load', ...points, '--token-file', other, '--debug'], 3);
    await run(['report', 'latest', '--format', 'json'], 0);
    await run(['status', '--refresh', '--debug'], 0);
    await run(['status', '--json', '--debug'], 0);
    await run(['logs', 'a', '--lines', '1000', '--debug'], 0);
    await run(['logs', 'a', '--requests', '--lines', '1000', '--json'], 0);
    await run(['ssh', 'a', '--', 'sudo', 'docker', 'ps', '--no-trunc'], 0);
    await run(['doctor', 'aws', '--debug'], 0);
    await run(['gc', '--dry-run', '--json'], 0);
    await run(['deploy', 'aws', ...b, '--yes', '--type', 'c6i.nope', '--debug', '--json'], 3);
    await run(['deploy', 'aws', ...b, '--yes', '--ollama-image', 'chainctl-lab-missing:1', '--debug', '--json'], 5);
    await run(['teardown', 'aws', '--debug'], 2);
    my.lab.faults.add({ action: 'DescribeSecurityGroups', kind: 'expired-credentials', times: 1 });
    await run(['status', '--refresh', '--debug', '--json'], 3);
    for (const [command, { stdout, stderr }] of outputs) {
      expect([command, ...secretsIn(stdout, needles), ...secretsIn(stderr, needles)]).toEqual([command]);
    }
  });

  it('are in no file of this machine but those that only the operator can read', async () => {
    const holding: string[] = [];
    for (const { path, mode } of await filesBelow(my.cli.home)) {
      const found = secretsIn(await readFile(path, 'latin1'), needles);
      if (found.length > 0) holding.push(`${path.slice(my.cli.home.length + 1)} ${mode.toString(8)}`);
    }
    const kept = ['host-key-a', 'host-key-a.pair', 'ssh-key', 'ssh-key.pair', 'token'];
    expect(holding.sort()).toEqual(kept.map((name) => `stacks/default/secrets/${name} 600`));
    const folder = join(my.cli.home, 'stacks', 'default');
    const modes = [folder, join(folder, 'secrets')].map(async (path) => (await stat(path)).mode & 0o777);
    expect(await Promise.all(modes)).toEqual([0o700, 0o700]);
  });

  it('are in no log on the VM, and in nothing that Docker tells of images and containers', async () => {
    const vm = await my.vm();
    const sh = (script: string) => vm.exec('sh', '-c', `${script} 2>&1; true`);
    const texts = {
      journal: await sh('journalctl --no-pager -o verbose; cat /var/log/cloud-init*.log'),
      logs: await sh('for id in $(docker ps -aq); do docker logs $id; done'),
      containers: await sh('docker inspect $(docker ps -aq)'),
      images: await sh('docker image inspect $(docker images -q)'),
      history: await sh('for id in $(docker images -q); do docker history --no-trunc $id; done'),
    };
    for (const [name, text] of Object.entries(texts)) {
      expect([name, text !== '', ...secretsIn(text, needles)]).toEqual([name, true]);
    }
  });

  it('are in no process argument, here, on the VM or in its containers', () => {
    clearInterval(sampling);
    expect([...commandLines].some((line) => line.includes('deploy aws'))).toBe(true);
    expect([...commandLines].some((line) => line.includes('docker build'))).toBe(true);
    expect([...commandLines].flatMap((line) => secretsIn(line, needles))).toEqual([]);
  });

  it('are in no file on the VM that anyone but root can read', async () => {
    const vm = await my.vm();
    // From here on they are in arguments of this test's own.
    const env = ['env', `NEEDLES=${[...needles.keys()].join('\n')}`];
    const grep = 'xargs -0 grep -lFs -e "$NEEDLES"; true';
    const folders = '/etc /home /opt /root /run /srv /tmp /usr/local /var';
    const found = await vm.exec(...env, 'sh', '-c', `find ${folders} -type f -print0 2>/dev/null | ${grep}`);
    const kinds = found.split('\n').map((path) => KEPT.find((known) => known.test(path)) ?? path);
    expect(new Set(kinds)).toEqual(new Set(KEPT));
    // The same question to somebody without any rights, and to one who may run programs in the service's place.
    for (const user of ['65534', '1000']) {
      const drop = ['setpriv', `--reuid=${user}`, '--clear-groups', 'sh', '-c'];
      expect([
        user,
        await vm.exec(...env, ...drop, `find / -xdev -type f -readable -print0 2>/dev/null | ${grep}`),
      ]).toEqual([user, '']);
    }
  });

  it('are gone with the stack, and what stays has none of them', async () => {
    outputs.clear();
    await run(['teardown', 'aws', '--yes', '--json', '--debug'], 0);
    const [{ stdout, stderr }] = [...outputs.values()] as [CliResult];
    expect([...secretsIn(stdout, needles), ...secretsIn(stderr, needles)]).toEqual([]);
    for (const { path } of await filesBelow(my.cli.home)) {
      expect([path, ...secretsIn(await readFile(path, 'latin1'), needles)]).toEqual([path]);
    }
  });
});

/** Where secrets are on the VM: the user-data and what cloud-init makes of it, the host key, the service's token. */
const KEPT = [
  /^\/var\/lib\/cloud\/(instances?|seed)\//,
  /^\/etc\/ssh\/ssh_host_ed25519_key$/,
  /^\/opt\/chainctl\/service-a\/releases\/[^/]+\/token$/,
];
