import { appendFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { readRequests, splitRow } from '../../../src/services/load/record/csv-reader.ts';
import { REQUEST_HEADER, requestRows } from '../../../src/services/load/record/csv-rows.ts';
import { jsonLine, readJsonLines } from '../../../src/services/load/record/json-lines.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import { planSweep } from '../../../src/services/load/sweep/sweep-plan.ts';
import type { SecondSample } from '../../../src/services/load/types.ts';
import { diffRuns } from '../../../src/services/results/diff.ts';
import { diffText } from '../../../src/services/results/diff-text.ts';
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
  hops: [
    { name: 'a', ttft_ms: 40, itl_ms: [10.5] },
    { name: 'b', ttft_ms: 70.75, itl_ms: [] },
  ],
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
  expect(run.report).toMatchObject({ status: 'killed', runFolder: folder });
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

const RUNNING = { runId: plan.runId, plan, status: 'running', startedAt: '2026-01-31T09:59:00.000Z' };
const CLAIM = { host: 'here', pid: 12, startedAt: 'then', command: 'chainctl load' };
const from = (alive: boolean) => ({ host: 'here', isAlive: async () => alive });

test('of a run without an end it is told whether its process is gone, still there, or out of sight', async () => {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(RUNNING));
  expect((await readRun(folder, from(true))).report.status).toBe('killed');
  await writeFile(join(folder, 'writer.json'), JSON.stringify(CLAIM));
  expect((await readRun(folder, from(false))).report).toMatchObject({ status: 'killed', writer: 'pid 12' });
  expect((await readRun(folder, from(true))).report).toMatchObject({ status: 'running', writer: 'pid 12' });
  await writeFile(join(folder, 'writer.json'), JSON.stringify({ ...CLAIM, host: 'ci-7' }));
  expect((await readRun(folder, from(true))).report).toMatchObject({ status: 'unfinished', writer: 'pid 12 on ci-7' });
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...RUNNING, status: 'complete' }));
  expect((await readRun(folder, from(true))).report.status).toBe('complete');
});

test.each([
  ['killed', false, 'Killed: the process ended without finishing the run'],
  ['running', true, 'Not finished: pid 12 is still at work on it, and these are the figures so far'],
] as const)('every report of a run that is %s says so, and its JUnit has an error', async (status, alive, sentence) => {
  const point = { ...skippedPoint(0, 1, 'valid', ''), status: 'complete', sent: 10, scheduled: 10 } as const;
  const measured = { ...point, outcomes: { ...point.outcomes, ok: 10 }, perRequestCsv: 'out/lab_chain_rps1.csv' };
  const slos = [parseSlo('ok>99%')];
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...RUNNING, settings: { slos } }));
  await writeFile(join(folder, 'points.jsonl'), jsonLine(measured));
  await writeFile(join(folder, 'writer.json'), JSON.stringify(CLAIM));
  const run = await readReportedRun(folder, undefined, from(alive));
  for (const format of ['table', 'markdown', 'html'] as const) {
    expect(await renderReport(format, 'run', run, 200), format).toContain(sentence);
  }
  expect(JSON.parse(await renderReport('json', 'run', run, 80)).report).toMatchObject({ status });
  const junit = await renderReport('junit', 'run', run, 80);
  expect(junit).toContain(`<error message="${sentence}: 1 point of 3 measured to the end." type="${status}"/>`);
  // The threshold of the run, and the rates that were not reached.
  expect(junit).toContain('name="ok>99% at 1 rps"');
  expect(junit.match(/not measured/g)).toHaveLength(2);
  const text = await renderReport('table', 'run', run, 200);
  expect(text.includes('chainctl load --resume')).toBe(!alive);
  expect(diffText(diffRuns(run, run, { tolerance: 0.02, anyTarget: false, anyWorkload: false }))).toContain(
    status === 'killed' ? '(killed before its end)' : '(still running)',
  );
});

test('a search that was killed shows the points that it had come to', async () => {
  const search = { ...plan, rates: [1, 64], search: { low: 1, high: 64, maxPoints: 9 } };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...RUNNING, plan: search }));
  const point = { ...skippedPoint(0, 8, 'valid', ''), status: 'complete', sent: 80 } as const;
  await writeFile(join(folder, 'points.jsonl'), jsonLine({ ...point, outcomes: { ...point.outcomes, ok: 80 } }));
  const run = await readReportedRun(folder);
  expect(run.report).toMatchObject({ status: 'killed', plan: { rates: [8] } });
  const junit = await renderReport('junit', 'run', run, 80);
  expect(junit).toContain(' at 8 rps"');
  expect(junit).toContain('type="killed"');
});

/** What a search leaves that is killed in its fourth point. */
async function killedSearch(rate: number, file: string, seconds: number) {
  const bounds = { low: 1, high: 64, maxPoints: 10, maxDurationSeconds: 60, objectives: ['p95<1s'] };
  const search = { ...plan, rates: [1, 64], limit: bounds };
  const settings = { findKnee: true, slos: [parseSlo('p95<1s')] };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...RUNNING, plan: search, settings }));
  const done = [1, 64, 20].map((each, index) => {
    const point = { ...skippedPoint(index, each, 'valid', ''), status: 'complete', sent: 10, scheduled: 10 } as const;
    return { ...point, outcomes: { ...point.outcomes, ok: 10 }, perRequestCsv: `out/lab_chain_rps${each}.csv` };
  });
  await writeFile(join(folder, 'points.jsonl'), done.map(jsonLine).join(''));
  const samples = [
    ...done.map((point) => ({ index: point.index, rate: point.rate, ...second(0) })),
    ...Array.from({ length: seconds }, (_, at) => ({ index: 3, rate, ...second(at) })),
  ];
  await writeFile(join(folder, 'series.jsonl'), samples.map(jsonLine).join(''));
  for (const { rate: each } of done) await writeFile(join(folder, `lab_chain_rps${each}.csv`), REQUEST_HEADER);
  await writeFile(join(folder, file), REQUEST_HEADER + requestRows(rate, [fine]));
  return readRun(folder);
}

test.each([
  ['of a rate that is in no plan', 30, 'lab_chain_rps30.csv', 2],
  ['of a rate that was offered before', 1, 'lab_chain_rps1_2.csv', 2],
  ['of the same before its first second', 1, 'lab_chain_rps1_2.csv', 0],
  ['of another before its first second', 30, 'lab_chain_rps30.csv', 0],
])('the last point of a search that was killed has an index of its own: %s', async (_, rate, file, seconds) => {
  const run = await killedSearch(rate, file, seconds);
  expect(run.points.map((point) => [point.index, point.rate, point.status])).toEqual([
    [0, 1, 'complete'],
    [1, 64, 'complete'],
    [2, 20, 'complete'],
    [3, rate, 'interrupted'],
  ]);
  expect(run.series.filter(({ index }) => index === 3)).toHaveLength(seconds);
  expect(run.points[3]?.sent).toBe(Math.max(1, 10 * seconds));
});

test('lines of which the power cut has left zeros are passed over, in the middle too', async () => {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(RUNNING));
  const zeros = '\0'.repeat(700);
  const one = { ...skippedPoint(0, 1, 'valid', ''), status: 'complete' } as const;
  await writeFile(join(folder, 'points.jsonl'), `${jsonLine(one)}{"index":1${zeros}`);
  const lines = [second(0), second(1)].map((each) => jsonLine({ index: 1, rate: 10, ...each }));
  await writeFile(join(folder, 'series.jsonl'), `${lines[0]}${zeros}${lines[1]}${lines[1]}${zeros}`);
  const rows = requestRows(10, [fine, { ...fine, index: 1 }, { ...fine, index: 2 }]).split('\n');
  const torn = `${rows[1]?.slice(0, 40)}${zeros}`;
  await writeFile(join(folder, 'lab_chain_rps10.csv'), `${REQUEST_HEADER}${rows[0]}\n${torn}\n${rows[2]}\n${zeros}`);
  await writeFile(join(folder, 'lab_chain_rps50.csv'), zeros);
  const run = await readRun(folder);
  expect(run.points.map(({ rate, status, outcomes }) => [rate, status, outcomes.ok])).toEqual([
    [1, 'complete', 0],
    [10, 'interrupted', 2],
    [50, 'interrupted', 0],
  ]);
  expect(run.series.map((sample) => sample.second)).toEqual([0, 1]);
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
