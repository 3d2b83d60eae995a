import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GeneratorGroup } from '../../../src/services/load/generators/generator-group.ts';
import { BenchmarkOutput } from '../../../src/services/load/outputs/benchmark/benchmark-output.ts';
import { CsvOutput } from '../../../src/services/load/outputs/csv.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { splitRow } from '../../../src/services/load/record/csv-reader.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { resumedOptions } from '../../../src/services/load/sweep/sweep-options.ts';
import { ANSWER, pointOf, serve, sweep } from './lab.ts';

/** Answers after `ms`, and knows how many requests it had at once. */
async function answering(ms: number) {
  const seen = { open: 0, most: 0 };
  const { url } = await serve((request, response) => {
    seen.most = Math.max(seen.most, ++seen.open);
    request.resume();
    setTimeout(() => {
      seen.open--;
      response.end(ANSWER);
    }, ms);
  });
  return { url, seen };
}

const CLOSED = { loop: 'closed', rates: [4], durationSeconds: 0.6, warmupSeconds: 0.2 } as const;

/** Cells of a file by their column. */
async function rowsOf(path: string): Promise<Record<string, string>[]> {
  const [head = '', ...rows] = (await readFile(path, 'utf8')).trim().split('\n');
  const names = splitRow(head);
  return rows.map((row) => Object.fromEntries(splitRow(row).map((cell, at) => [names[at], cell])));
}

test('a closed loop says so in points, files and plan, and has neither knee nor state', async () => {
  const { url, seen } = await answering(20);
  const outcome = await sweep(url, CLOSED);
  const point = pointOf(outcome);
  expect(seen.most).toBe(4);
  expect(point).toMatchObject({ loop: 'closed', concurrency: 4, rate: 4, dropped: 0, peakInFlight: 4 });
  expect(point.state).toBeUndefined();
  expect(outcome.report.knee).toBeUndefined();
  expect(outcome.report.plan.loop).toBe('closed');
  // Times count from the sending, and places are full: X = N / W.
  expect(point.response).toEqual(point.service);
  expect(point.little?.expected).toBe(4);
  const names = await readdir(outcome.out);
  expect(names).toContain('lab_invoke_c4.csv');
  const [row] = await rowsOf(join(outcome.out, 'lab_invoke_c4.csv'));
  expect(row).toMatchObject({ rps_target: '0', ok: '1' });
  expect(row?.latency_ms).toBe(row?.service_ms);
  const [summary] = await rowsOf(join(outcome.out, 'lab_summary.csv'));
  expect(summary).toMatchObject({ rps_target: '0', concurrency: '4', loop: 'closed' });
});

test('it ends after so many requests, and its throughput is that of full places', async () => {
  const { url } = await answering(20);
  const point = pointOf(await sweep(url, { ...CLOSED, warmupSeconds: 0, durationSeconds: 600, requests: 12 }));
  expect(point).toMatchObject({ status: 'complete', sent: 12, scheduled: 12 });
  expect(point.durationSeconds).toBeLessThan(60);
});

test('several generators share its places', async () => {
  const { url, seen } = await answering(20);
  const startGenerator = () => GeneratorGroup.start({ processes: 2 });
  const point = pointOf(
    await sweep(url, { ...CLOSED, rates: [3], requests: 30, durationSeconds: 600 }, { startGenerator }),
  );
  expect(seen.most).toBe(3);
  expect(point.sent).toBe(30);
});

test('fewer places than generators: those that have one send everything', async () => {
  const { url, seen } = await answering(5);
  const startGenerator = () => GeneratorGroup.start({ processes: 2 });
  const point = pointOf(
    await sweep(url, { ...CLOSED, rates: [1], requests: 10, durationSeconds: 600 }, { startGenerator }),
  );
  expect(seen.most).toBe(1);
  expect(point).toMatchObject({ status: 'complete', sent: 10, peakInFlight: 1 });
  expect(point.durationSeconds).toBeLessThan(60);
});

test('fewer places than generators in an open loop: nothing is dropped for that', async () => {
  const { url } = await answering(1);
  const startGenerator = () => GeneratorGroup.start({ processes: 2 });
  const slow = { rates: [5], maxInFlight: 1, durationSeconds: 2, warmupSeconds: 0 };
  expect(pointOf(await sweep(url, slow, { startGenerator })).sent).toBeGreaterThan(5);
});

test('a killed one is read again from its rows as what it is', async () => {
  const { url } = await answering(20);
  const { report } = await sweep(url, CLOSED);
  await truncate(join(report.runFolder, 'points.jsonl'));
  const manifest = join(report.runFolder, 'manifest.json');
  await writeFile(manifest, JSON.stringify({ ...JSON.parse(await readFile(manifest, 'utf8')), status: 'running' }));
  const [point] = (await readRun(report.runFolder)).points;
  expect(point).toMatchObject({ status: 'interrupted', loop: 'closed', concurrency: 4, rate: 4 });
  expect(point?.outcomes.ok).toBe(report.points[0]?.outcomes.ok);
});

const P95 = parseSlo('p95<5s');

test.each([
  ['points', {}],
  ['a search under objectives', { findKnee: true, slos: [P95] }],
] as const)('interrupted, %s go on as the closed loop that they were', async (_, more) => {
  const { url, seen } = await answering(20);
  const controller = new AbortController();
  const { report, out } = await sweep(
    url,
    { ...CLOSED, rates: [2, 5], durationSeconds: 2, ...more },
    {
      signal: controller.signal,
      onEvent: (event) => event.type === 'sweep-tick' && event.tick.rate === 5 && controller.abort(new Error('enough')),
    },
  );
  expect(report.status).toBe('interrupted');
  // On a busy machine a search may look at a point twice before it goes on.
  const seenRates = Object.fromEntries(report.points.map(({ rate, status }) => [rate, status]));
  expect(seenRates).toEqual({ 2: 'complete', 5: 'interrupted' });
  const left = await readRun(report.runFolder);
  const options = resumedOptions(left, { prompt: DEFAULT_PROMPT, about: {} });
  const { report: whole } = await sweep(url, { ...options, outFolder: out });
  expect(whole.status).toBe('complete');
  expect(whole.plan.loop).toBe('closed');
  expect(whole.points[0]).toEqual(report.points[0]);
  const asked = whole.points.map(({ rate, loop, concurrency }) => [rate, loop, concurrency].join(' '));
  expect(asked).toEqual(expect.arrayContaining(['2 closed 2', '5 closed 5']));
  expect(seen.most).toBe(5);
  expect(await readdir(report.runFolder)).toContain('lab_invoke_c5.interrupted-1.csv');
});

test('an open point ends after so many requests, too, in the time that they take at its rate', async () => {
  const { url } = await answering(1);
  const point = pointOf(await sweep(url, { rates: [100], durationSeconds: 600, warmupSeconds: 0, requests: 30 }));
  expect(point).toMatchObject({ sent: 30, scheduled: 30, durationSeconds: 0.3 });
  expect(point.loop).toBeUndefined();
});

test('sessions are counted, and all of their turns', async () => {
  const { url } = await answering(5);
  const point = pointOf(
    await sweep(url, { rates: [20], durationSeconds: 1, warmupSeconds: 0, turns: 3, thinkSeconds: 0.01 }),
  );
  const { complete = 0, broken, cut = 0 } = point.sessions ?? {};
  expect(complete + cut).toBe(20);
  expect(broken).toBe(0);
  expect(point.scheduled).toBe(point.sent);
  expect(point.sent).toBeGreaterThan(20);
});

test('one point is also written as other benchmarks write theirs', async () => {
  const { url } = await answering(10);
  const first = await sweep(url, { ...CLOSED, requests: 5 });
  const files = { json: join(first.out, 'benchmark.json'), csv: join(first.out, 'benchmark.csv') };
  const outputs = [new CsvOutput(), new BenchmarkOutput(files)];
  const { report } = await sweep(url, { ...CLOSED, requests: 10, durationSeconds: 600 }, { outputs });
  const { summary, results } = JSON.parse(await readFile(files.json, 'utf8'));
  expect(summary).toMatchObject({ requests: 10, concurrency: 4, ok: 10, errors: 0, loop: 'closed', simulated: false });
  expect(summary.rate).toBe(report.points[0]?.okRps);
  expect(results).toHaveLength(10);
  const rows = await rowsOf(files.csv);
  expect(rows[0]).toMatchObject({ ok: '1', status: '200', error: '', ttft_s: '' });
  expect(rows.map(({ elapsed_s: elapsed }) => Number(elapsed))).toEqual(
    rows.map(({ elapsed_s: elapsed }) => Number(elapsed)).sort((a, b) => a - b),
  );
});

/** Answers with `text`, and keeps what it was asked. */
async function listening(answerOf: (asked: number) => string) {
  const bodies: { readonly prompt?: string; readonly messages?: readonly Message[] }[] = [];
  const { url } = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(body));
      response.end(answerOf(bodies.length));
    });
  });
  return { url, bodies };
}

interface Message {
  readonly role: string;
  readonly content: string;
}

const SESSION = {
  loop: 'closed',
  rates: [1],
  turns: 3,
  requests: 3,
  warmupSeconds: 0,
  durationSeconds: 600,
} as const;

test('each turn of a session carries what was said before it', async () => {
  const { url, bodies } = await listening((asked) => {
    const message = { role: 'assistant', content: `answer ${asked}` };
    return JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] });
  });
  const point = pointOf(await sweep(url.replace('/invoke', '/v1/chat/completions'), { ...SESSION, model: 'm' }));
  const asked = bodies.map(({ messages = [] }) => messages);
  expect(point.sessions).toEqual({ complete: 1, broken: 0, cut: 0 });
  expect(asked.map((messages) => messages.map(({ role }) => role))).toEqual([
    ['user'],
    ['user', 'assistant', 'user'],
    ['user', 'assistant', 'user', 'assistant', 'user'],
  ]);
  expect(asked[2]?.slice(0, 3)).toEqual(asked[1]);
  expect(asked[2]?.[3]?.content).toBe('answer 2');
});

test('also where the services of the contract answer', async () => {
  const { url, bodies } = await listening((asked) => ANSWER.replace('"text"', `"answer ${asked}"`));
  pointOf(await sweep(url, SESSION));
  expect(bodies[2]?.prompt).toMatch(/assistant: answer 1\n.*assistant: answer 2\n/s);
});

test('a target whose answers say nothing that is known is told of before the load', async () => {
  const { url } = await listening(() => '{"output":"text"}');
  const { events } = await sweep(url.replace('/invoke', '/ask'), { ...SESSION, probe: true });
  const notes = events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
  expect(notes.filter((text) => text.startsWith('no text was found in the answer'))).toHaveLength(1);
});
