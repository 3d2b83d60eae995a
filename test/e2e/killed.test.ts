import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { PointSummary } from '../../src/services/load/types.ts';
import { Cli, type CliResult } from '../support/cli.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.open();
});
afterAll(() => cli.close());

async function serve(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end('{"host":"b-1"}'), 20));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`;
}

/** Counts what an event of a load says, `sweep-tick` and others, and is true at the n-th of a kind after another. */
function instant(kind: string, nth: number, after?: string) {
  let isAfter = after === undefined;
  let seen = 0;
  return (line: string): boolean => {
    const type = /"type":"([^"]+)"/.exec(line)?.[1];
    if (isAfter && type === kind) seen++;
    isAfter ||= type === after;
    return isAfter && type === kind && seen === nth;
  };
}

const LADDER = ['--rps', '20,40,60', '--duration', '2s'];
const SEARCH = ['--rps', '5,80', '--find-knee', '--duration', '1s'];

interface Killed {
  readonly folder: string;
  readonly name: string;
}

/** Offers a load and kills its process with SIGKILL at an instant. */
async function kill(tag: string, profile: readonly string[], isNow: (line: string) => boolean): Promise<Killed> {
  const target = await serve();
  const asked = ['load', '--target', target, ...profile, '--warmup', '0', '--slo', 'ok>1%', '--tag', tag, '--json'];
  const ended = await cli.run(asked, { onLine: (line, child) => void (isNow(line) && child.kill('SIGKILL')) });
  expect(ended.signal).toBe('SIGKILL');
  const name = (await readdir(join(cli.home, 'results'))).find((each) => each.includes(`-${tag}-`)) ?? 'none';
  return { folder: join(cli.home, 'results', name), name };
}

const succeeded = ({ code, stdout, stderr }: CliResult): string => {
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
};

const report = async (run: string, format: string): Promise<string> =>
  succeeded(await cli.here(['report', run, '--format', format]));

describe('a load that is killed', () => {
  it.each([
    ['when it has said what it will do', 'started', LADDER, instant('sweep-started', 1)],
    ['at its first requests', 'first', LADDER, instant('sweep-tick', 1)],
    ['in the middle of a point', 'middle', LADDER, instant('sweep-tick', 6)],
    ['between two points', 'between', LADDER, instant('point-done', 1)],
    ['in a later point', 'later', LADDER, instant('sweep-tick', 4, 'point-done')],
    ['in a search', 'search', SEARCH, instant('sweep-tick', 2, 'point-done')],
  ])('%s says so in every report, and can go on', async (_when, tag, profile, isNow) => {
    const { name, folder } = await kill(tag, profile, isNow);
    for (const format of ['table', 'markdown', 'html']) {
      expect(await report(name, format), format).toContain('Killed: the process ended without finishing the run');
    }
    const junit = await report(name, 'junit');
    expect(junit).toContain('type="killed"');
    const told = JSON.parse(await report(name, 'json')).report;
    expect(told.status).toBe('killed');
    for (const { sent, outcomes } of told.points as PointSummary[]) {
      expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(sent);
    }
    expect(succeeded(await cli.here(['diff', name, name])).replaceAll(/\s+/g, ' ')).toContain(
      '(killed before its end)',
    );

    const resumed = await cli.json(['load', '--resume', name]);
    // What a busy machine measures may say nothing of the target: that it ended is what counts.
    expect([0, 8]).toContain(resumed.code);
    const after = JSON.parse(await report(name, 'json')).report;
    expect(after.status).toBe('complete');
    const rates = (after.points as PointSummary[]).map(({ rate, status }) => `${status} ${rate}`);
    if (profile === LADDER) expect(rates).toEqual(['complete 20', 'complete 40', 'complete 60']);
    expect(rates.filter((each) => !each.startsWith('complete'))).toEqual([]);
    // Each point has rows of its own.
    const files = (after.points as PointSummary[]).map(({ perRequestCsv }) => perRequestCsv);
    expect(new Set(files).size).toBe(files.length);
    expect(await report(name, 'junit')).not.toContain('illed');
    expect((await readdir(folder)).filter((each) => /draft|writer/.test(each))).toEqual([]);
  });

  it('is told from one that still runs', async () => {
    const target = await serve();
    let live: Promise<CliResult> | undefined;
    const isNow = instant('sweep-tick', 3);
    const onLine = (line: string) => {
      if (isNow(line)) live = cli.here(['report', 'latest', '--format', 'table']);
    };
    const asked = ['load', '--target', target, '--rps', '20', '--duration', '20s', '--tag', 'live', '--json'];
    await cli.run(asked, {
      onLine: (line, child) => {
        onLine(line);
        // What is being read meanwhile is that of a process that runs.
        void live?.then(() => child.kill('SIGINT'));
      },
    });
    const text = succeeded((await live) as CliResult);
    expect(text).toMatch(/Not finished: pid \d+ is still at work on it/);
    expect(text).not.toContain('--resume');
  });
});

it('a run that was killed before it sent anything is told as such', async () => {
  const folder = join(cli.home, 'results', '20260131-095900-early-answer');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'points.jsonl'), '');
  const { code, stderr } = await cli.here(['report', '20260131-095900-early-answer']);
  expect(code).toBe(2);
  expect(stderr).toContain('is of a run whose process ended before it sent anything: there is nothing to show');
});
