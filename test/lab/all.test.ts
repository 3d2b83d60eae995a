import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABEL } from '../../lab/cache.ts';
import { labDocker } from '../../lab/images.ts';
import { type BothClouds, startLab } from '../../lab/lab.ts';
import { labObstacle } from '../../lab/support.ts';
import { Cli } from '../support/cli.ts';
import { exitOfPoints } from '../support/exit-of-points.ts';
import { filesBelow, needlesOf, sampleCommandLines, secretsIn } from '../support/lab/needles.ts';
import { until } from '../support/until.ts';

const obstacle = await labObstacle(true);
const ZERO = expect.toSatisfy((counts: Record<string, number>) => Object.values(counts).every((n) => n === 0));

describe.skipIf(obstacle)(`the chain over two clouds${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: BothClouds;
  let cli: Cli;
  const outputs: string[] = [];
  const commandLines = new Set<string>();
  let sampling: NodeJS.Timeout;

  beforeAll(async () => {
    [lab, cli] = await Promise.all([startLab({ vms: true, gcp: true }), Cli.open()]);
    sampling = setInterval(() => sampleCommandLines(commandLines), 50);
  });
  afterAll(async () => {
    clearInterval(sampling);
    await cli?.close();
    await lab?.stop();
  });

  const env = () => ({ ...lab.env, CHAINCTL_HOME: cli.home, CHAINCTL_OPERATOR_ADDRESS: `${lab.gateway}/32` });
  const json = async (...args: string[]) => {
    const ended = await cli.json([...args, '--debug'], { env: env() });
    outputs.push(ended.stdout, ended.stderr);
    return ended;
  };
  const deploy = (...args: string[]) =>
    json('deploy', 'all', '--yes', '--min-process-seconds', '0.1', '--max', '2', ...args);
  type Change = { readonly key: string; readonly action: string };
  const changesOf = ({ result }: { result: { gcp: { changes: Change[] }; aws: { changes: Change[] } } }) =>
    [...result.gcp.changes, ...result.aws.changes].filter(({ action }) => action !== 'unchanged');

  it('plans both, says what they cost together, and makes nothing', async () => {
    const { code, envelope, stderr } = await deploy('--dry-run');
    expect(code).toBe(0);
    expect(changesOf(envelope).map(({ key }) => key)).toEqual(
      expect.arrayContaining(['address', 'forwarding-rule', 'instance-a', 'service-a']),
    );
    expect(stderr).toMatch(/both together: \d\.\d{4} USD to \d\.\d{4} USD per hour/);
    expect(lab.gcp.count()).toEqual(ZERO);
    expect(await lab.countPlainly()).toEqual(ZERO);
  });

  it('comes up side by side, with one token, and a second deploy changes nothing', async () => {
    const seen: string[] = [];
    const { code, envelope } = await cli.json(
      ['deploy', 'all', '--yes', '--min-process-seconds', '0.1', '--max', '2'],
      {
        env: env(),
        onLine(line) {
          const { type, key } = line.startsWith('{') ? JSON.parse(line) : {};
          if (type === 'step-started' || type === 'step-done') seen.push(`${type} ${key}`);
        },
      },
    );
    expect(code).toBe(0);
    expect(envelope.result.applied).toBe(true);
    // A's machine was begun as soon as B had an address, long before B was there.
    expect(seen.indexOf('step-started instance-a')).toBeGreaterThan(seen.indexOf('step-done address'));
    expect(seen.indexOf('step-started instance-a')).toBeLessThan(seen.indexOf('step-started group-europe-west3-c'));
    const again = await deploy();
    expect(changesOf(again.envelope)).toEqual([]);
  });

  it('passes smoke and a sweep, through the load balancer', async () => {
    const smoke = await json('smoke');
    expect([smoke.code, smoke.envelope.result]).toEqual([0, expect.anything()]);
    const load = await json('load', '--rps', '1', '--duration', '3s', '--warmup', '0s', '--out', `${cli.home}/results`);
    expect(load.code).toBe(exitOfPoints(load.envelope));
    expect(JSON.stringify(load.envelope.result)).toContain('aws_chain_rps1.csv');
  });

  it('tells nobody its secrets: no output, file, log, process argument, or user of a VM', async () => {
    clearInterval(sampling);
    const folder = join(cli.home, 'stacks', 'default', 'secrets');
    const names = ['token', 'ssh-key', 'host-key-a', 'host-key-b'];
    const kept = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]));
    const needles = needlesOf(Object.fromEntries(kept));
    expect(outputs.flatMap((text) => secretsIn(text, needles))).toEqual([]);
    expect([...commandLines].flatMap((line) => secretsIn(line, needles))).toEqual([]);
    expect([...commandLines].some((line) => line.includes('docker build'))).toBe(true);
    for (const { path, mode } of await filesBelow(cli.home)) {
      const found = secretsIn(await readFile(path, 'latin1'), needles);
      if (found.length > 0) expect([path, mode & 0o077, path.startsWith(folder)]).toEqual([path, 0, true]);
    }
    const vms = (await containers()).filter(({ host }) => host.includes('llm-b'));
    expect(vms.length).toBeGreaterThan(0);
    for (const { name } of vms) {
      const sh = (script: string) => labDocker().docker('exec', name, 'sh', '-c', `${script} 2>&1; true`);
      const told = await sh('journalctl --no-pager; docker logs $(docker ps -aq); docker inspect $(docker ps -aq)');
      expect([name, told.length > 1000, ...secretsIn(told, needles)]).toEqual([name, true]);
      const pattern = [...needles.keys()].join('\n');
      const asNobody = 'find / -xdev -type f -readable -print0 2>/dev/null | xargs -0 grep -lFs -e "$NEEDLES"; true';
      const drop = ['setpriv', '--reuid=65534', '--clear-groups', 'sh', '-c', asNobody];
      expect(await labDocker().docker('exec', '--env', `NEEDLES=${pattern}`, name, ...drop)).toBe('');
    }
  });

  it('has an instance that was killed by hand replaced, while requests go on', async () => {
    const status = await json('deploy', 'all', '--yes', '--min-process-seconds', '0.1', '--max', '2', '--min', '2');
    expect(status.code).toBe(0);
    const url = `${status.envelope.result.endpoints.b}/health`;
    const hosts = new Set<string>();
    const answered = async () => {
      const host = await health(url);
      return host !== undefined && hosts.add(host).size >= 2;
    };
    await until('an answer of each instance', answered, { deadlineMs: 120_000, lastReason: () => [...hosts] });
    const smoke = await json('smoke');
    expect([smoke.code, smoke.envelope.result]).toEqual([0, expect.anything()]);
    const load = await json('load', '--rps', '1', '--duration', '3s', '--warmup', '0s', '--out', `${cli.home}/results`);
    expect(load.code).toBe(exitOfPoints(load.envelope));
    expect(JSON.stringify(load.envelope.result)).toContain('aws_chain_rps1.csv');
  });

  it('tells nobody its secrets: no output, file, log, process argument, or user of a VM', async () => {
    clearInterval(sampling);
    const folder = join(cli.home, 'stacks', 'default', 'secrets');
    const names = ['token', 'ssh-key', 'host-key-a', 'host-key-b'];
    const kept = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]));
    const needles = needlesOf(Object.fromEntries(kept));
    expect(outputs.flatMap((text) => secretsIn(text, needles))).toEqual([]);
    expect([...commandLines].flatMap((line) => secretsIn(line, needles))).toEqual([]);
    expect([...commandLines].some((line) => line.includes('docker build'))).toBe(true);
    for (const { path, mode } of await filesBelow(cli.home)) {
      const found = secretsIn(await readFile(path, 'latin1'), needles);
      if (found.length > 0) expect([path, mode & 0o077, path.startsWith(folder)]).toEqual([path, 0, true]);
    }
    const vms = (await containers()).filter(({ host }) => host.includes('llm-b'));
    expect(vms.length).toBeGreaterThan(0);
    for (const { name } of vms) {
      const sh = (script: string) => labDocker().docker('exec', name, 'sh', '-c', `${script} 2>&1; true`);
      const told = await sh('journalctl --no-pager; docker logs $(docker ps -aq); docker inspect $(docker ps -aq)');
      expect([name, told.length > 1000, ...secretsIn(told, needles)]).toEqual([name, true]);
      const pattern = [...needles.keys()].join('\n');
      const asNobody = 'find / -xdev -type f -readable -print0 2>/dev/null | xargs -0 grep -lFs -e "$NEEDLES"; true';
      const drop = ['setpriv', '--reuid=65534', '--clear-groups', 'sh', '-c', asNobody];
      expect(await labDocker().docker('exec', '--env', `NEEDLES=${pattern}`, name, ...drop)).toBe('');
    }
  });

  it('has an instance that was killed by hand replaced, while requests go on', async () => {
    const status = await json('deploy', 'all', '--yes', '--min-process-seconds', '0.1', '--max', '2', '--min', '2');
    expect(status.code).toBe(0);
    const url = `${status.envelope.result.endpoints.b}/health`;
    const hosts = new Set<string>();
    await until('an answer of each instance', async () => hosts.add((await health(url)) as string).size >= 2, {
      deadlineMs: 120_000,
      lastReason: () => [...hosts],
    });
    const smoke = await json('smoke');
    expect([smoke.code, Object.keys(smoke.envelope.result.hosts).length]).toEqual([0, 2]);
    const [victim] = hosts;
    const machines = await containers();
    const doomed = machines.find(({ host }) => host === victim);
    await labDocker().docker('kill', doomed?.name as string);
    const after = new Set<string>();
    const replaced = async () => {
      const host = await health(url);
      if (host !== undefined) after.add(host);
      const fresh = [...after].filter((each) => !hosts.has(each));
      return (
        fresh.length > 0 || (await containers()).some(({ name, host: h }) => h === victim && name !== doomed?.name)
      );
    };
    await until('its replacement serves', replaced, { deadlineMs: 120_000, lastReason: () => [...after] });
  });

  it('is taken down whole, as gcloud and aws count it', async () => {
    const { code, envelope } = await json('teardown', 'all', '--yes');
    expect(code).toBe(0);
    expect(JSON.stringify(envelope.result)).toMatch(/instance-a.*forwarding-rule|forwarding-rule.*instance-a/);
    const lists = [
      'instances',
      'instance-groups managed',
      'instance-templates',
      'images',
      'addresses',
      'backend-services',
    ];
    const left = await Promise.all(
      lists.map(async (kind) => [
        kind,
        (await lab.gcp.gcloud(
          'compute',
          ...kind.split(' '),
          'list',
          ...(kind === 'images' ? ['--no-standard-images'] : []),
        )) ?? [],
      ]),
    );
    expect(left).toEqual(lists.map((kind) => [kind, []]));
    expect(lab.gcp.count()).toEqual(ZERO);
    expect(await lab.count()).toEqual(ZERO);
    expect([...lab.problems, ...lab.gcp.problems]).toEqual([]);
  });

  /** The machines of this lab; others may run beside it. */
  async function containers() {
    const ours = ['--filter', `label=${LABEL}=${basename(lab.folder)}`];
    const lines = (await labDocker().docker('ps', ...ours, '--format', '{{.Names}}'))
      .split('\n')
      .filter((name) => name !== '');
    return Promise.all(
      lines.map(async (name) => ({
        name,
        host: (
          await labDocker()
            .docker('exec', name, 'hostname')
            .catch(() => '')
        ).trim(),
      })),
    );
  }
});

/** The host that answered, undefined for anything but a 200. */
async function health(url: string): Promise<string | undefined> {
  const headers = { connection: 'close' };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  return answer?.status === 200 ? ((await answer.json()) as { host: string }).host : undefined;
}
