import { appendFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { readRequests, splitRow } from '../../../src/services/load/record/csv-reader.ts';
import { REQUEST_HEADER, requestRows } from '../../../src/services/load/record/csv-rows.ts';
import { jsonLine, readJsonLines } from '../../../src/services/load/record/json-lines.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import { planSweep } from '../../../src/services/load/sweep/sweep-plan.ts';
import type { SecondSample } from '../../../src/services/load/types.ts';
import { renderReport } from '../../../src/services/results/formats.ts';
import { readReportedRun } from '../../../src/services/results/recorded.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'chainctl-run-')), '20260131-095900-lab-chain');
  await mkdir(folder);
});

const fine: RequestRecord = {
  ...{
    index: 0,
    intendedMs: 0,
    latenessMs: 0.125,
    serviceMs: 100.5,
    outcome: 'ok',
    class: 'ok',
    status: 200,
    error: '',
  },
  host: 'b-1',
  figures: { a_local_seconds: 0.02, ollama_seconds: 0.05, total_seconds: 0.06, output_tokens: 5 },
  ttft_ms: 40,
  itl_ms: [10.5, 20.25],
};
const bad: RequestRecord = {
  ...{ index: 1, intendedMs: 100, latenessMs: 0.5, serviceMs: 3, outcome: 'http_error', class: '503', status: 503 },
  error: 'HTTP 503: =no, "really", no',
  host: '=cmd|x',
};

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

test('requests are read back as they were written', async () => {
  const path = join(folder, 'x.csv');
  await writeFile(path, REQUEST_HEADER + requestRows(10, [fine, bad]));
  expect(await collect(readRequests(path))).toEqual([fine, bad]);
  expect(await collect(readRequests(join(folder, 'not-there.csv')))).toEqual([]);
});

test('a row that was cut off where the writer was killed is left out, wherever that was', async () => {
  const path = join(folder, 'x.csv');
  const rows = requestRows(10, [fine, bad]);
  for (let cut = rows.indexOf('\n') + 1; cut < rows.length; cut++) {
    await writeFile(path, REQUEST_HEADER + rows.slice(0, cut));
    expect(await collect(readRequests(path))).toEqual([fine]);
  }
});

test('cells', () => {
  expect(splitRow('a,,"b ""c"", d",')).toEqual(['a', '', 'b "c", d', '']);
  expect(splitRow('')).toEqual(['']);
  expect(splitRow('"",x')).toEqual(['', 'x']);
});

test('a JSON line that was cut off is left out; a broken one in the middle is not', async () => {
  const path = join(folder, 'x.jsonl');
  await writeFile(path, `${jsonLine({ a: 1 })}{"a":`);
  expect(await readJsonLines(path)).toEqual([{ a: 1 }]);
  await appendFile(path, '\n{"a":3}\n');
  await expect(readJsonLines(path)).rejects.toMatchObject({
    ...{ exit: 2, code: 'record-broken', message: expect.stringContaining(`line 2 of ${path} is not JSON: `) },
    nextSteps: [`take the line out, and what it told is left out: sed -i 2d ${path}`],
  });
  expect(await readJsonLines(join(folder, 'none.jsonl'))).toEqual([]);
});

const settings = {
  ...{ targetUrl: 'http://127.0.0.1:1/chain', tag: 'lab', rates: [1, 10, 50] },
  ...{ durationSeconds: 10, warmupSeconds: 1, timeoutSeconds: 5, drainSeconds: 5 },
};
const plan = planSweep(settings, { runId: '20260131-095900-lab-chain', simulated: false, maxInFlight: 100 });
const second = (n: number, change: Partial<SecondSample> = {}): SecondSample => ({
  ...{ second: n, phase: 'measure', sent: 10, ok: 9, failed: 0, inFlight: 3, hosts: {} },
  ...change,
});

test('a run that a condition ended says so when it is read again', async () => {
  const ending = { status: 'interrupted', abortedBy: 'error-rate=20%: 75 % after 0.3 s' };
  const manifest = { runId: plan.runId, plan, startedAt: '2026-01-31T09:59:00.000Z', ...ending };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  expect((await readRun(folder)).report).toMatchObject(ending);
});

test('a run that was killed in the middle of a point', async () => {
  const manifest = { runId: plan.runId, plan, status: 'running', startedAt: '2026-01-31T09:59:00.000Z' };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const first = {
    ...skippedPoint(0, 1, 'valid', ''),
    status: 'complete',
    sent: 10,
    perRequestCsv: 'out/lab_chain_rps1.csv',
  };
  await writeFile(join(folder, 'points.jsonl'), `${jsonLine(first)}{"index":1,"ra`);
  const samples = [second(0), second(1)].map((sample) => jsonLine({ index: 1, rate: 10, ...sample }));
  await writeFile(join(folder, 'series.jsonl'), `${samples.join('')}{"index":1`);
  await writeFile(join(folder, 'lab_chain_rps1.csv'), REQUEST_HEADER + requestRows(1, [fine]));
  const records = Array.from({ length: 18 }, (_, index) => ({ ...fine, index, intendedMs: index * 100 }));
  const rows = requestRows(
    10,
    [...records, bad].map((record, index) => ({ ...record, index })),
  );
  await writeFile(join(folder, 'lab_chain_rps10.csv'), REQUEST_HEADER + rows.slice(0, -8));

  const run = await readRun(folder);
  expect(run.runId).toBe(plan.runId);
  expect(run.report).toMatchObject({ status: 'interrupted', runFolder: folder });
  expect(run.points.map(({ rate, status }) => [rate, status])).toEqual([
    [1, 'complete'],
    [10, 'interrupted'],
  ]);
  // 20 were sent in two seconds: 18 rows are whole, two were open or cut off.
  expect(run.points[1]).toMatchObject({
    ...{ index: 1, sent: 20, scheduled: 20, dropped: 0, durationSeconds: 2 },
    outcomes: { ok: 18, incomplete: 2 },
    response: { p50: 100.625, count: 18 },
    waterfall: { a: 20, bModel: 50, bWait: 10, count: 18 },
  });
  expect(run.series).toHaveLength(2);
  const [point] = run.points;
  if (point === undefined) throw new Error('no point');
  expect(await collect(run.requests(point))).toEqual([fine]);
  expect(await collect(run.requests(point))).toEqual([fine]);
  expect(await collect(run.requests(skippedPoint(2, 50, 'above the knee', '')))).toEqual([]);
});

test('what aborted a run is told by every report that is made of it later', async () => {
  const told = { ...{ runId: plan.runId, plan, status: 'interrupted', startedAt: '2026-01-31T09:59:00.000Z' } };
  const abortedBy = 'error-rate=50%: 100.00 % after 0.5 s';
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...told, abortedBy }));
  const run = await readReportedRun(folder);
  expect(run.report).toMatchObject({ abortedBy });
  for (const format of ['table', 'markdown', 'html'] as const) {
    expect(await renderReport(format, 'run', run, 80)).toContain(`Ended by --abort-on ${abortedBy}`);
  }
});

test('a point that was measured again counts once, with its last figures and seconds', async () => {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ runId: plan.runId, plan, status: 'complete' }));
  const point = skippedPoint(0, 1, 'valid', '');
  const again = { ...point, status: 'complete' } as const;
  await writeFile(join(folder, 'points.jsonl'), jsonLine({ ...point, status: 'interrupted' }) + jsonLine(again));
  const seconds = [second(0), second(1), second(2), second(0, { ok: 4 }), second(1, { ok: 5 })];
  await writeFile(join(folder, 'series.jsonl'), seconds.map((one) => jsonLine({ index: 0, rate: 1, ...one })).join(''));
  const run = await readRun(folder);
  expect(run.points).toEqual([again]);
  expect(run.series.map(({ ok }) => ok)).toEqual([4, 5]);
});

test('a point of failures only is failed, also where an earlier version wrote that it was valid', async () => {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ runId: plan.runId, plan, status: 'complete' }));
  const valid = { ...skippedPoint(0, 1, 'valid', ''), status: 'complete', sent: 10 } as const;
  const points = [
    valid,
    { ...valid, index: 1, outcomes: { ...valid.outcomes, ok: 1 } },
    { ...valid, index: 2, sent: 0 },
    { ...valid, index: 3, status: 'interrupted', outcomes: { ...valid.outcomes, incomplete: 10 } },
  ];
  await writeFile(join(folder, 'points.jsonl'), points.map(jsonLine).join(''));
  const run = await readReportedRun(folder);
  expect(run.report.points.map(({ validity }) => validity)).toEqual([
    ...['failed', 'valid', 'valid', 'invalid: stopped before any request had ended'],
  ]);
});

test('what is not a run is told as such', async () => {
  await expect(readRun(folder)).rejects.toMatchObject({ exit: 2, code: 'run-unreadable' });
  for (const manifest of ['{}', 'null', '[]', '"a"', '{"plan":{}}', '{"plan":null}']) {
    await writeFile(join(folder, 'manifest.json'), manifest);
    await expect(readRun(folder), manifest).rejects.toThrow(/it has no plan/);
  }
});
