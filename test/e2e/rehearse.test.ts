import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cli, ROOT } from '../support/cli.ts';

let cli: Cli;
beforeEach(async () => {
  cli = await Cli.open();
});
afterEach(() => cli.close());

const SHORT = ['rehearse', '--rps', '2,8', '--duration', '1s', '--replicas', '2'];

describe('rehearse', () => {
  it('deploys, proves, loads, tabulates, says where the files are, and takes down', async () => {
    const { code, stdout } = await cli.run(SHORT);
    expect(code).toBe(0);
    expect(stdout).toMatch(/smoke +25 checks passed, 0 failed/);
    expect(stdout).toContain('SIMULATED');
    expect(stdout).toContain('rehearsal_summary.csv');
    expect(stdout).toMatch(/teardown +5 processes stopped, verified gone/);
    expect(await readdir(join(cli.home, 'results'))).toEqual(
      expect.arrayContaining(['rehearsal_chain_rps2.csv', 'rehearsal_chain_rps8.csv', 'rehearsal_summary.csv']),
    );
    expect(await cli.running()).toEqual([]);
  });

  it.each([
    ['SIGINT', 130, '"step-started","key":"b-1"'],
    ['SIGINT', 130, '"sweep-tick"'],
    ['SIGTERM', 143, '"check-started"'],
  ] as const)('%s (exit %i) at %s: what was started is taken down', async (name, exit, moment) => {
    let sent = false;
    const result = await cli.json(SHORT, {
      onLine: (line, child) => {
        if (!sent && line.includes(moment)) sent = child.kill(name);
      },
    });
    expect(sent).toBe(true);
    expect(result.code).toBe(exit);
    expect(await cli.running()).toEqual([]);
    expect(result.stdout).toMatch(/taken down|"removed"/);
  });

  // A closed terminal or a cancelled job signals every process of the group, and shells and wrappers pass it on again.
  it.each(['SIGTERM', 'SIGHUP'] as const)(
    '%s to the whole group, twice, through a wrapper: taken down',
    async (name) => {
      const wrapper = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path)) ?? process.execPath;
      let sent = false;
      const { code } = await cli.run([...SHORT, '--json'], {
        detached: true,
        command: [wrapper, join(ROOT, 'bin', 'run.js')],
        onLine: (line, child) => {
          if (sent || !line.includes('"check-started"')) return;
          sent = true;
          for (const delay of [0, 30, 400])
            setTimeout(() => child.exitCode ?? process.kill(-(child.pid as number), name), delay);
        },
      });
      expect(code).toBe(143);
      await expect.poll(() => cli.running(), { timeout: 20_000 }).toEqual([]);
    },
  );

  it('finds results that cannot be written before anything is started', async () => {
    const { code, stderr } = await cli.run([...SHORT, '--results', '/dev/null/results', '--json']);
    expect(code).toBe(3);
    expect(stderr).not.toContain('"phase"');
    const { stderr: said } = await cli.run([...SHORT, '--results', '/dev/null/results']);
    expect(said).toMatch(/^Error: results cannot be written to \/dev\/null\/results: /);
  });

  it('takes down after a failure', async () => {
    const out = join(cli.home, 'results');
    let spoilt = false;
    const { code, envelope } = await cli.json(SHORT, {
      onLine: (line) => {
        if (spoilt || !line.includes('"check-started"')) return;
        spoilt = true;
        rmSync(out, { recursive: true });
        writeFileSync(out, 'a file');
      },
    });
    expect(envelope.error.message).toContain('results cannot be written to results');
    expect(code).toBe(3);
    expect(await cli.running()).toEqual([]);
  });

  it('takes down what a killed rehearsal left', async () => {
    await cli.run([...SHORT, '--json'], {
      onLine: (line, child) => {
        if (line.includes('"check-started"')) child.kill('SIGKILL');
      },
    });
    expect((await cli.running()).length).toBe(5);
    const { code, envelope } = await cli.json(SHORT);
    expect(code).toBe(0);
    expect(envelope.warnings.join()).toContain('an earlier rehearsal was killed');
    expect(envelope.result.report).toBe(join(envelope.result.sweep.runFolder, 'report.html'));
    expect(await cli.running()).toEqual([]);
  });

  it('refuses a second one at the same time', async () => {
    let second: ReturnType<Cli['run']> | undefined;
    const first = await cli.run([...SHORT, '--json'], {
      onLine: (line) => {
        if (line.includes('"check-started"')) second ??= cli.run(SHORT);
      },
    });
    // 8: its points are marked, since this machine was too busy for its own load.
    expect([0, 8]).toContain(first.code);
    expect((await second)?.code).toBe(6);
  });

  it('does not touch a stack that is in use', async () => {
    await cli.run(['deploy', 'local', '--stack', 'mine', '--replicas', '1', '--port-a', '0', '--port-b', '0']);
    const { code, stderr } = await cli.run([...SHORT, '--stack', 'mine']);
    expect(code).toBe(3);
    expect(stderr).toContain('stack mine is running');
    expect((await cli.running()).length).toBe(4);
  });
});

describe('without a terminal', () => {
  it('answers a smoke test with exit 8 when a check fails', async () => {
    const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const { code, stdout } = await cli.run(['smoke', '--target', `http://127.0.0.1:${port}`, '--timeout', '5s']);
    server.close();
    expect(code).toBe(8);
    expect(stdout).toMatch(/✗ failed/);
  });
});
