import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
import type { Event } from '../../../src/events.ts';
import { CsvOutput } from '../../../src/services/load/outputs/csv.ts';
import { CsvFile } from '../../../src/services/load/record/csv-file.ts';
import { ANSWER, pointOf, readCsv, serve, sweep } from './lab.ts';

const slowly = (ms: number) =>
  serve((request, response) => void request.resume().on('end', () => setTimeout(() => response.end(ANSWER), ms)));

function interruption(): { readonly signal: AbortSignal; interrupt(): void } {
  const controller = new AbortController();
  const reason = new RemedyError('interrupted by SIGINT', { code: 'interrupted', exit: ExitCode.interrupted });
  return { signal: controller.signal, interrupt: () => controller.abort(reason) };
}

/** Process ids of the generators that a process has started: this one, unless another is named. */
function generators(parent = process.pid): number[] {
  const listed = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' });
  const lines = listed.split('\n').filter((line) => /generator-main\.ts/.test(line));
  return lines.map((line) => Number.parseInt(line, 10));
}

test('interrupted in the middle: rows are kept, the point says so, the rest is left out', async () => {
  const { url } = await slowly(20);
  const { signal, interrupt } = interruption();
  const outcome = await sweep(
    url,
    { rates: [100, 200], durationSeconds: 30 },
    { signal, onEvent: (event) => event.type === 'sweep-tick' && event.tick.sent > 20 && interrupt() },
  );
  expect(outcome.report).toMatchObject({ status: 'interrupted' });
  expect(outcome.report.points).toHaveLength(1);
  const point = pointOf(outcome);
  expect(point.status).toBe('interrupted');
  expect(point.sent).toBeGreaterThan(20);
  expect(point.outcomes.ok).toBe(point.sent);
  expect(point.durationSeconds).toBeLessThan(30 / 2);
  expect(point.sentRps).toBeGreaterThan(60);
  expect(await readCsv(point.perRequestCsv)).toHaveLength(point.sent);
  expect(await readCsv(outcome.report.summaryCsv)).toMatchObject([{ status: 'interrupted', sent: String(point.sent) }]);
  const manifest = JSON.parse(await readFile(join(outcome.report.runFolder, 'manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ status: 'interrupted', version: 'test', plan: { rates: [100, 200] } });
});

test('interrupted while answers hang: a short grace, then they are incomplete', async () => {
  const { url } = await slowly(60_000);
  const { signal, interrupt } = interruption();
  const outcome = await sweep(
    url,
    { durationSeconds: 30, timeoutSeconds: 60 },
    { signal, onEvent: (event) => event.type === 'sweep-tick' && event.tick.sent > 5 && interrupt() },
  );
  expect(pointOf(outcome).sent).toBeLessThan((100 * 30) / 2);
  expect(pointOf(outcome).outcomes.incomplete).toBe(pointOf(outcome).sent);
});

test('interrupted during the warm-up: nothing was measured, and it says that', async () => {
  const { url } = await slowly(1);
  const { signal, interrupt } = interruption();
  const onEvent = (event: { type: string }) => event.type === 'sweep-tick' && interrupt();
  const outcome = await sweep(url, { warmupSeconds: 10 }, { signal, onEvent });
  expect(pointOf(outcome)).toMatchObject({
    ...{ status: 'interrupted', scheduled: 0, sent: 0, sentRps: 0, durationSeconds: 0 },
    validity: 'invalid: nothing was measured',
  });
});

test('interrupted before the first point: an empty sweep', async () => {
  const { url } = await slowly(1);
  const { signal, interrupt } = interruption();
  const onEvent = (event: { type: string }) => event.type === 'sweep-started' && interrupt();
  expect((await sweep(url, {}, { signal, onEvent })).report).toMatchObject({ status: 'interrupted', points: [] });
});

test('a generator that is killed: its point says so, accounts for what it had sent, and the next one runs', async () => {
  const { url } = await slowly(400);
  let killed = false;
  const outcome = await sweep(
    url,
    // Long enough that it still sends when the kill comes, also on a busy machine.
    { rates: [50, 60], durationSeconds: 6 },
    {
      onEvent: (event) => {
        if (event.type !== 'sweep-tick' || event.tick.sent < 30 || killed) return;
        killed = true;
        for (const pid of generators()) process.kill(pid, 'SIGKILL');
      },
    },
  );
  const [lost, next] = outcome.report.points;
  expect(lost?.validity).toMatch(
    /^invalid: client-limited \(the generator stopped: signal SIGKILL; .* of the schedule/,
  );
  expect(lost).toMatchObject({ status: 'complete', scheduled: 300 });
  expect(lost?.sent).toBeGreaterThanOrEqual(30);
  expect((lost?.sent ?? 0) + (lost?.dropped ?? 0)).toBe(300);
  expect(lost?.errorsByClass['generator-lost']).toBeGreaterThan(0);
  expect(await readCsv(lost?.perRequestCsv ?? '')).toHaveLength(lost?.sent ?? 0);
  expect(next?.sent).toBeGreaterThan(0);
  expect(next?.outcomes.ok).toBe(next?.sent);
});

test('a generator ends when its parent is killed', async () => {
  const module = new URL('../../../src/services/load/generators/generator-group.ts', import.meta.url).href;
  const script = `const { GeneratorGroup } = await import('${module}'); await GeneratorGroup.start(); console.log('started');`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(parent.stdout, 'data');
  const [pid] = generators(parent.pid);
  const state = () => spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  expect(state()).toMatch(/^[RS]/);
  parent.kill('SIGKILL');
  // Gone, or a zombie where nobody collects orphans.
  await expect.poll(() => /^[RS]/.test(state()), { timeout: 3000 }).toBe(false);
});

test('no generator outlives its sweep', async () => {
  const { url } = await slowly(1);
  await sweep(url, { rates: [10], durationSeconds: 0.2 });
  expect(generators()).toEqual([]);
});

test('a disk that fills up in the middle ends the sweep, and keeps what is there', async () => {
  const { url } = await slowly(1);
  const createCsv: typeof CsvFile.create = async (path, header, onFailure) =>
    path.endsWith('rps50.csv')
      ? new CsvFile(await linkName(path, header), await open('/dev/full', 'a'), onFailure)
      : CsvFile.create(path, header, onFailure);
  const linkName = async (path: string, header: string) => {
    await (await CsvFile.create(path, header, () => {})).close();
    return path;
  };
  const outcome = await sweep(
    url,
    { rates: [20, 50, 100], durationSeconds: 1 },
    { outputs: [new CsvOutput(createCsv)] },
  );
  const { report } = outcome;
  expect(report.status).toBe('interrupted');
  expect(report.problem).toMatch(/^cannot write .*lab_invoke_rps50\.csv: the disk is full \(ENOSPC/);
  expect(report.points.map(({ status }) => status)).toEqual(['complete', 'interrupted']);
  expect(await readCsv(report.summaryCsv)).toHaveLength(2);
});

test('a folder that cannot be written: exit 3 before any request', async () => {
  let requests = 0;
  const { url } = await serve((_request, response) => {
    requests++;
    response.end(ANSWER);
  });
  await expect(sweep(url, { outFolder: '/dev/null/results' })).rejects.toMatchObject({
    exit: 3,
    code: 'results-unwritable',
  });
  expect(requests).toBe(0);
});

test('the rows of a point are on disk while it runs', async () => {
  const { url } = await slowly(1);
  const outFolder = await mkdtemp(join(tmpdir(), 'chainctl-load-'));
  const reads: Promise<number>[] = [];
  const rows = async () => (await readCsv(join(outFolder, 'lab_invoke_rps100.csv'))).length;
  const onEvent = (event: Event) => void (event.type === 'sweep-tick' && reads.push(rows()));
  await sweep(url, { durationSeconds: 2, outFolder }, { onEvent });
  expect((await Promise.all(reads)).some((count) => count > 20 && count < 190)).toBe(true);
  expect(await rows()).toBe(200);
});

test('health: 503 refuses with its reason, 404 means that there is none, simulated is passed on', async () => {
  const answers: [number, string][] = [
    [503, '{"ok":false,"reason":"model not loaded"}'],
    [404, 'no such page'],
    [200, '{"ok":true,"simulated":true}'],
  ];
  const { url, server } = await slowly(1);
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const [status, text] = request.url === '/health' ? (answers.shift() as [number, string]) : [200, ANSWER];
    request.resume().on('end', () => response.writeHead(status).end(text));
  });
  const short = { rates: [10], durationSeconds: 0.2, warmupSeconds: 0 };
  await expect(sweep(url, short)).rejects.toMatchObject({
    exit: 5,
    message: expect.stringMatching(/reports that it cannot serve: status 503: model not loaded$/),
  });
  expect((await sweep(url, short)).report.plan.simulated).toBe(false);
  expect((await sweep(url, short)).report.plan.simulated).toBe(true);
});
