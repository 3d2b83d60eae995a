import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cli } from '../support/cli.ts';

let cli: Cli;
beforeEach(async () => {
  cli = await Cli.open();
});
afterEach(() => cli.close());

const deploy = (replicas: number) => [
  ...[
    'deploy',
    'local',
    '--replicas',
    String(replicas),
    '--min-process-seconds',
    '0',
    '--port-a',
    '0',
    '--port-b',
    '0',
  ],
];
const RUN_FOLDER = /^\d{8}-\d{6}-/;
const runs = async () => (await readdir(join(cli.home, 'results'))).filter((name) => RUN_FOLDER.test(name));

describe('chainctl scale-watch', () => {
  it('ends with 0 when its condition is met, with 5 when it was not in time', async () => {
    await cli.run(deploy(2));
    const met = await cli.json([
      'scale-watch',
      '--until',
      'size=2,healthy=2,stable',
      '--for',
      '30s',
      '--interval',
      '500ms',
    ]);
    expect(met.code).toBe(0);
    expect(met.envelope).toMatchObject({
      status: 'ok',
      result: {
        group: 'replicas of default',
        end: 'until',
        problems: 0,
        last: { group: { targetSize: 2, stable: true } },
      },
      warnings: [],
    });
    const events = met.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['watch-started', 'scale-sample', 'watch-ended']),
    );
    expect(events.find(({ type }) => type === 'scale-sample').sample.hosts.length).toBeGreaterThan(0);

    const missed = await cli.run(['scale-watch', '--until', 'size=5', '--for', '1s', '--interval', '500ms']);
    expect(missed.code).toBe(5);
    expect(missed.stdout).toMatch(/^replicas of default: not size=5 after \d+\.\d s \(\d+ polls?\)\./);
    expect(missed.stderr).toContain('size: 2 of 2 wanted · 2 serving · stable');

    const watched = await cli.run(['scale-watch', '--for', '1s', '--interval', '500ms', '--quiet']);
    expect(watched.code).toBe(0);
    expect(watched.stderr).toBe('');
  });

  it('records what changes, a line each, and keeps it at Ctrl-C', async () => {
    await cli.run(deploy(1));
    let changing: Promise<unknown> | undefined;
    const watched = await cli.run(['scale-watch', '--record', '--tag', 'e2e', '--interval', '500ms'], {
      onLine(line, child) {
        if (/size: 1 of 1 wanted/.test(line)) changing ??= cli.run(deploy(3));
        if (/answering: b-1 .*b-2 .*b-3/.test(line)) child.kill('SIGINT');
      },
    });
    await changing;
    expect(watched.code).toBe(130);
    expect(watched.stderr).toMatch(/• \d\d:\d\d:\d\d wanted size 1 -> 3/);
    expect(watched.stdout).toContain('replicas of default: interrupted after');
    const [folder = ''] = await runs();
    expect(folder).toMatch(/-e2e-scale$/);
    const rows = (await readFile(join(cli.home, 'results', folder, 'e2e_scale.csv'), 'utf8')).trim().split('\n');
    expect(rows[0]).toMatch(/^time,offset_s,group,target_size,instances,/);
    expect(rows.at(-1)).toContain(',replicas of default,3,3,');
    expect(await readFile(join(cli.home, 'results', 'e2e_scale.csv'), 'utf8')).toContain('replicas of default');
    expect(await readdir(join(cli.home, 'results', folder))).toContain('e2e_elasticity.csv');
  });

  it('refuses what it cannot mean, with the place of the fault', async () => {
    const bad = await cli.json(['scale-watch', '--until', 'size=3,healthy']);
    expect(bad.code).toBe(2);
    expect(bad.envelope.error).toMatchObject({ code: 'until-invalid', exit: 2 });
    expect(bad.envelope.error.message).toContain('at character 15');
    const partial = await cli.run(['scale-watch', '--zone', 'europe-west3-c']);
    expect(partial.code).toBe(2);
    const nothing = await cli.run(['scale-watch']);
    expect(nothing.code).toBe(3);
    expect(nothing.stderr).toMatch(/deploy one: \S.* deploy local/);
  });

  it('needs credentials for a group of the cloud, and says where they come from', async () => {
    const env = {
      HOME: cli.home,
      GOOGLE_APPLICATION_CREDENTIALS: join(cli.home, 'none.json'),
      CLOUDSDK_CONFIG: cli.home,
    };
    const args = ['scale-watch', '--project', 'p', '--zone', 'europe-west3-c', '--group', 'g', '--for', '5s'];
    const refused = await cli.json(args, { env });
    expect(refused.code).toBe(3);
    expect(refused.envelope.error.code).toBe('gcp-no-credentials');
  });
});

describe('chainctl load --elastic', () => {
  const profile = [
    ...['load', '--elastic', '--target', 'invoke', '--elastic-max-rps', '8', '--elastic-step', '1s', '--tag', 'e2e'],
    ...['--elastic-hold', '1s', '--elastic-grow', '30s', '--elastic-scale-in', '30s', '--elastic-interval', '500ms'],
  ];

  it('offers its profile to a stack whose replicas change, and tells both in one report', async () => {
    await cli.run(deploy(1));
    const changes: Promise<unknown>[] = [];
    const run = await cli.run([...profile, '--elastic-size', '3'], {
      onLine(line) {
        if (/• stepping up at/.test(line)) changes.push(cli.run(deploy(3)));
        if (/• waiting for scale-in at/.test(line)) changes.push(cli.run(deploy(1)));
      },
    });
    await Promise.all(changes);
    expect(run.stderr).toContain('from 1 up to at most 8 req/s');
    expect(run.stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /Group: replicas of default went from 1 to 3 of 3 at up to [248] rps, and back to 1\./,
    );
    expect(run.code).toBe(0);
    const [folder = ''] = await runs();
    const files = await readdir(join(cli.home, 'results', folder));
    expect(files).toEqual(
      expect.arrayContaining(['scale.jsonl', 'e2e_scale.csv', 'e2e_elasticity.csv', 'report.html']),
    );
    expect(files.filter((name) => /_rps1(_\d+)?\.csv$/.test(name)).length).toBeGreaterThan(1);
    const again = await cli.run(['report', 'latest']);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('went from 1 to 3 of 3');
    const resumed = await cli.run(['load', '--resume', folder]);
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toContain('it is an elastic one');
  });

  it('refuses flags that make no sense with it', async () => {
    for (const flags of [['--rps', '1,2'], ['--find-knee'], ['--duration', '5s']]) {
      const refused = await cli.run([...profile, ...flags]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(`--elastic decides what ${flags[0]} asks for`);
    }
    expect((await cli.run(['load', '--elastic-step', '5s'])).stderr).toContain('add --elastic');
  });
});

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

describe.skipIf(!hasTmux)('on a terminal (needs tmux)', () => {
  it('shows the group live in 80 columns, and leaves what changed', async () => {
    await cli.run(deploy(2));
    const socket = join(cli.home, 'tmux');
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    const tmux = (...args: string[]) => spawnSync('tmux', ['-S', socket, ...args], { encoding: 'utf8', env }).stdout;
    const run = `${process.execPath} ${new URL('../../bin/run.js', import.meta.url).pathname}`;
    const command = `cd ${cli.home} && env -u CI -u NODE_ENV CHAINCTL_HOME=${cli.home} ${run} scale-watch --interval 500ms --until size=3,hosts=3; echo "exit $?"; sleep 60`;
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'p', '-x', '80', '-y', '24', command);
    try {
      const text = () => tmux('capture-pane', '-p', '-t', 'p');
      await expect.poll(text, { timeout: 20_000 }).toMatch(/b-2 +serving +ready +healthy +in/);
      expect(text()).toMatch(/answering {2}b-1 █+/);
      await cli.run(deploy(3));
      await expect.poll(text, { timeout: 20_000 }).toMatch(/exit 0/);
      expect(text()).toContain('replicas of default: size=3,hosts=3 after');
    } finally {
      tmux('kill-server');
    }
  });
});
