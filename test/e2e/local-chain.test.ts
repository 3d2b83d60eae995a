import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cli } from '../support/cli.ts';

let cli: Cli;
beforeEach(async () => {
  cli = await Cli.open();
});
afterEach(() => cli.close());

const DEPLOY = ['deploy', 'local', '--replicas', '2', '--min-process-seconds', '0', '--port-a', '0', '--port-b', '0'];
const ALL = ['a', 'b-1', 'b-2', 'engine', 'proxy'];

describe('the life of a chain', () => {
  it('deploy, status, smoke, load, logs, teardown', async () => {
    const deployed = await cli.json(DEPLOY);
    expect(deployed.code).toBe(0);
    expect(deployed.envelope).toMatchObject({ status: 'ok', result: { simulated: true, applied: true }, warnings: [] });
    expect(await cli.running()).toEqual(ALL);

    const status = await cli.run(['status']);
    expect(status.code).toBe(0);
    expect(status.stdout).toContain('healthy');
    expect(status.stdout).toContain('simulated');
    expect(status.stdout).toContain(`${deployed.envelope.result.endpoints.a}/chain`);

    const smoke = await cli.json(['smoke', '--junit', 'smoke.xml']);
    expect(smoke.envelope.result.checks.filter((check: { status: string }) => check.status !== 'passed')).toEqual([]);
    expect(smoke.envelope.result.hosts).toEqual({ 'b-1': 10, 'b-2': 10 });
    expect(await readFile(join(cli.home, 'smoke.xml'), 'utf8')).toContain('<testsuite ');

    const load = await cli.run([
      'load',
      '--rps',
      '5,20',
      '--duration',
      '1s',
      '--warmup',
      '0',
      '--tag',
      'e2e',
      '--json',
    ]);
    expect(load.code).toBe(0);
    const points = JSON.parse(load.stdout).result.points;
    expect(points.map(({ sent, outcomes }: { sent: number; outcomes: { ok: number } }) => [sent, outcomes.ok])).toEqual(
      [
        [5, 5],
        [20, 20],
      ],
    );
    const csv = await readFile(join(cli.home, 'results', 'e2e_chain_rps20.csv'), 'utf8');
    expect(csv).toMatch(/^rps_target,ok,status,latency_ms,error,/);
    expect(csv.trim().split('\n')).toHaveLength(21);
    const summary = await readFile(join(cli.home, 'results', 'e2e_summary.csv'), 'utf8');
    expect(summary).toMatch(
      /^run_tag,target_url,rps_target,duration_s,timeout_s,drain_timeout_s,concurrency,sent,completed,ok,errors,ok_rps,err_pct,avg_ms,p50_ms,p90_ms,p95_ms,p99_ms,per_request_csv,/,
    );

    expect((await cli.run(['logs', 'b'])).stdout).toMatch(/b-1 .*listening[\s\S]*b-2 .*listening/);
    const requests = await cli.json(['logs', 'a', '--requests', '--lines', '1']);
    expect(JSON.parse(requests.envelope.result.lines[0].line)).toMatchObject({ service: 'a' });

    const refused = await cli.run(['teardown', 'local']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--yes');
    expect((await cli.run(['teardown', 'local', '--yes'])).code).toBe(0);
    expect(await cli.running()).toEqual([]);
    expect((await cli.run(['status'])).stdout).toContain('nothing is deployed');
  });

  it('follows a log until Ctrl-C', async () => {
    await cli.run(DEPLOY);
    const log = join(cli.home, 'stacks', 'default', 'logs', 'a.log');
    let followed = '';
    const result = cli.run(['logs', 'a', '--follow', '--lines', '1'], {
      onStart: (child) =>
        child.stdout?.on('data', (text: string) => {
          const first = followed === '';
          followed += text;
          if (first) void appendFile(log, 'a new line\n');
          else child.kill('SIGINT');
        }),
    });
    expect((await result).code).toBe(0);
    expect(followed).toMatch(/listening[\s\S]*a new line\n/);
  });
});

describe('a command that is killed or doubled', () => {
  // Before and after the first call, between dependencies, and with several calls under way.
  const MOMENTS = [
    '"type":"plan"',
    '"step-started","key":"engine"',
    '"step-done","key":"engine"',
    '"step-started","key":"b-2"',
    '"step-done","key":"b-1"',
    '"step-started","key":"a"',
  ];

  it.each(MOMENTS)('deploy killed with -9 at %s is completed by running it again, nothing twice', async (moment) => {
    let hit = false;
    const killed = await cli.run([...DEPLOY, '--json'], {
      onLine: (line, child) => {
        if (!hit && line.includes(moment)) hit = child.kill('SIGKILL');
      },
    });
    expect(hit).toBe(true);
    expect(killed.signal).toBe('SIGKILL');
    const again = await cli.json(DEPLOY);
    expect(again.envelope.error).toBeUndefined();
    expect(again.code).toBe(0);
    expect(again.envelope.warnings.join()).toContain('ended without giving its lock back');
    expect(await cli.running()).toEqual(ALL);
    expect((await cli.run(['teardown', '--yes'])).code).toBe(0);
    expect(await cli.running()).toEqual([]);
  });

  it('teardown killed with -9 is completed by running it again', async () => {
    await cli.run(DEPLOY);
    await cli.run(['teardown', '--yes', '--json'], {
      onLine: (line, child) => {
        if (line.includes('"step-done","key":"a"')) child.kill('SIGKILL');
      },
    });
    expect((await cli.running()).length).toBeGreaterThan(0);
    expect((await cli.run(['teardown', '--yes'])).code).toBe(0);
    expect(await cli.running()).toEqual([]);
  });

  it('the second of two commands at once says who holds the stack', async () => {
    let second: ReturnType<Cli['run']> | undefined;
    const first = await cli.run([...DEPLOY, '--json'], {
      onLine: (line) => {
        if (line.includes('"step-started","key":"b-1"')) second ??= cli.run(['teardown', '--yes']);
      },
    });
    expect(first.code).toBe(0);
    const refused = await second;
    expect(refused?.code).toBe(6);
    expect(refused?.stderr).toMatch(
      /the stack is locked by \S+, pid \d+, since .*, for "node \S+run\.js deploy local /,
    );
    expect(await cli.running()).toEqual(ALL);
  });

  it('a damaged state file stops every command with a way out, and stays as it is', async () => {
    await cli.run(DEPLOY);
    const state = join(cli.home, 'stacks', 'default', 'state.json');
    await writeFile(state, '{"version":1,"stack":');
    for (const args of [DEPLOY, ['status'], ['teardown', '--yes'], ['smoke']]) {
      const { code, stderr } = await cli.run(args);
      expect(stderr).toMatch(/state file .* cannot be used: it is not JSON/);
      expect(stderr).toContain(`mv ${state}`);
      expect(code).toBe(3);
    }
    expect(await readFile(state, 'utf8')).toBe('{"version":1,"stack":');
  });

  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['a closed terminal', 'SIGHUP', 143],
  ] as const)('%s in the middle of a load keeps what was measured and marks the point', async (_what, name, exit) => {
    await cli.run(DEPLOY);
    let pressed = false;
    const { code, envelope } = await cli.json(['load', '--rps', '10,20', '--duration', '30s', '--warmup', '0'], {
      onLine: (line, child) => {
        if (!pressed && line.includes('"sweep-tick"') && JSON.parse(line).tick.ok >= 10) pressed = child.kill(name);
      },
    });
    expect(code).toBe(exit);
    expect(envelope.result.status).toBe('interrupted');
    expect(envelope.result.points).toHaveLength(1);
    expect(envelope.result.points[0]).toMatchObject({ rate: 10, status: 'interrupted' });
    const rows = (await readFile(join(cli.home, 'results', 'local_chain_rps10.csv'), 'utf8')).trim().split('\n');
    expect(rows.length - 1).toBe(envelope.result.points[0].sent);
    expect(rows.length).toBeGreaterThan(10);
    expect(await readFile(join(cli.home, 'results', 'local_summary.csv'), 'utf8')).toContain('interrupted');
  });
});
