import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cli, ROOT } from '../support/cli.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.open();
});
afterAll(() => cli.close());

const OURS = [process.execPath, join(ROOT, 'bin', 'run.js')] as const;

/** The built command as a part of a line of the shell, where it is `"$@"`. */
function inShell(line: string, args: readonly string[]) {
  return cli.run(args, { command: ['sh', '-c', line, 'sh', ...OURS] });
}

describe('standard output that cannot be written', () => {
  it.each([
    ['a result', ['status', '--json'], 3],
    ['a help', ['load', '--help'], 3],
    ['an error with --json, whose exit code stays', ['report', 'none', '--json'], 2],
  ])('is an error: %s', async (_name, args, code) => {
    const full = await inShell('exec "$@" > /dev/full', args);
    expect(full.code).toBe(code);
    expect(full.stderr).toMatch(/^Error: the output could not be written whole: the disk is full \(ENOSPC/m);
  });

  it('is an error where it took the front of what was written', async () => {
    // The limit is of the file: standard error is a pipe.
    const { code, stderr } = await inShell('ulimit -f 1; exec "$@" > help.txt', ['load', '--help']);
    expect({ code, said: stderr.split('\n')[0] }).toMatchObject({
      ...{
        code: 3,
        said: expect.stringMatching(/^Error: .* the file would be larger than this process may write \(EFBIG/),
      },
    });
  });

  it('is none where its reader has gone, and standard error that is full loses nothing', async () => {
    const gone = await inShell('{ "$@"; echo "code $?" >&2; } | head -n 1', ['load', '--help']);
    expect(gone.stderr).toBe('code 0\n');
    expect(gone.stdout.split('\n')).toHaveLength(2);
    const silent = await inShell('exec "$@" 2> /dev/full', ['status', '--json']);
    expect(silent.code).toBe(0);
    expect(JSON.parse(silent.stdout)).toMatchObject({ status: 'ok' });
  });
});

describe('a record of megabytes', () => {
  const run = '20260131-095900-big-invoke';
  const seconds = 20_000;

  beforeAll(async () => {
    const folder = join(cli.home, 'results', run);
    await mkdir(folder, { recursive: true });
    const targetUrl = 'http://127.0.0.1:1/invoke';
    const plan = { runId: run, tag: 'big', targetUrl, simulated: false, rates: [1], durationSeconds: seconds };
    const times = { warmupSeconds: 0, timeoutSeconds: 5, drainSeconds: 5, totalRequests: 1, warmupRequests: 0 };
    const more = { ...times, maxInFlight: 9, estimateSeconds: 1 };
    const manifest = { runId: run, plan: { ...plan, ...more }, status: 'complete', startedAt: '2026-01-31T09:59:00Z' };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const hosts = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`host-${n}`, n]));
    const sample = { index: 0, rate: 1, phase: 'measure', sent: 1, ok: 1, failed: 0, inFlight: 1, hosts };
    const lines = Array.from({ length: seconds }, (_, second) => JSON.stringify({ ...sample, second }));
    await writeFile(join(folder, 'series.jsonl'), `${lines.join('\n')}\n`);
  });

  it('arrives whole in a pipe whose reader is slow, and in a file', async () => {
    const args = ['report', run, '--format', 'json'];
    const { code, stdout } = await inShell('"$@" | { sleep 1; cat; }', args);
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(5e6);
    expect(JSON.parse(stdout).series).toHaveLength(seconds);
    expect((await inShell('exec "$@" > all.json', args)).code).toBe(0);
    expect(await readFile(join(cli.home, 'all.json'), 'utf8')).toBe(stdout);
  });

  it.each(['html', 'json', 'junit', 'markdown'])('is a report whole or not at all: %s', async (format) => {
    const out = join('reports', `run.${format}`);
    await mkdir(join(cli.home, 'reports'), { recursive: true });
    await writeFile(join(cli.home, out), 'the one before');
    const args = ['report', run, '--format', format, '--out', out];
    // 512 bytes a block: less than any of them.
    const { code, stderr } = await inShell('ulimit -f 0; exec "$@"', args);
    expect(stderr).toContain(`cannot write the report ${out}: the file would be larger`);
    expect(code).toBe(3);
    expect(await readFile(join(cli.home, out), 'utf8')).toBe('the one before');
    expect((await readdir(join(cli.home, 'reports'))).filter((name) => name.endsWith('.draft'))).toEqual([]);
    expect((await cli.run(args)).code).toBe(0);
    expect(await readFile(join(cli.home, out), 'utf8')).not.toBe('the one before');
  });

  it('is written to what is no file, and that stays what it is', async () => {
    const full = await cli.run(['report', run, '--format', 'json', '--out', '/dev/full']);
    expect(full.code).toBe(3);
    expect(full.stderr).toContain('cannot write the report /dev/full: the disk is full');
    expect((await cli.run(['report', run, '--format', 'json', '--out', '/dev/null'])).code).toBe(0);
    expect(execFileSync('stat', ['-c', '%F', '/dev/null'], { encoding: 'utf8' })).toBe('character special file\n');
  });
});
