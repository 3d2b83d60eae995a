import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openWorkload } from '../../../../src/services/load/workload/open-workload.ts';
import { readTrace, replayOf } from '../../../../src/services/load/workload/trace.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-trace-'));
});

let files = 0;
async function read(content: string) {
  const path = join(folder, `t${files++}`);
  await writeFile(path, content);
  const { rows, texts } = await readTrace(path);
  return { rows, texts, at: rows.map(({ atMs }) => atMs - (rows[0]?.atMs ?? 0)) };
}

describe('traces are read in the forms that are in use, in the order of time', () => {
  test("Mooncake's", async () => {
    const { rows, at } = await read(
      '{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}\n' +
        '{"timestamp": 27000, "input_length": 6472, "output_length": 26}\n',
    );
    expect(at).toEqual([0, 482]);
    expect(rows[0]).toEqual({ atMs: 27000, inputTokens: 6472, maxTokens: 26 });
    expect(rows[1]).toMatchObject({ inputTokens: 6955, maxTokens: 52, hashIds: [46, 47] });
  });

  test("Azure's, with seven digits of a second", async () => {
    const { rows, at } = await read(
      'TIMESTAMP,ContextTokens,GeneratedTokens\r\n' +
        '2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319600,3180,\r\n',
    );
    expect(at[1]).toBeCloseTo(52, 3);
    expect(rows[0]).toMatchObject({ inputTokens: 4808, maxTokens: 10 });
    expect(rows[1]).not.toHaveProperty('maxTokens');
  });

  test("BurstGPT's and Vidur's, in seconds", async () => {
    const burst = await read('Timestamp,Model,Request tokens,Response tokens\n5,ChatGPT,472,18\n45.5,GPT-4,1087,230\n');
    expect(burst.at).toEqual([0, 40_500]);
    expect(burst.rows[1]).toMatchObject({ inputTokens: 1087, maxTokens: 230 });
    const vidur = await read('arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,20,7\n1.25,30,8\n');
    expect(vidur.at).toEqual([0, 750]);
  });

  test.each([
    ['seconds since 1970', '1700000000.25', '1700000001', 750],
    ['milliseconds since 1970', '1700000000250', '1700000001000', 750],
    ['dates', '"2026-01-01T00:00:00.250Z"', '"2026-01-01T01:00:01+01:00"', 750],
  ])('timestamps: %s', async (_, first, next, gap) => {
    const { at } = await read(`{"timestamp": ${first}}\n{"timestamp": ${next}}\n`);
    expect(at[1]).toBeCloseTo(gap, 3);
  });

  test('with texts', async () => {
    const { rows, texts } = await read(
      '{"timestamp": 5, "prompt": "later", "max_tokens": 3}\n{"timestamp": 0, "messages": [{"role": "user", "content": "first"}]}\n',
    );
    expect(rows.map(({ text, inputCharacters, maxTokens }) => [text, inputCharacters, maxTokens])).toEqual([
      [1, 5, undefined],
      [0, 5, 3],
    ]);
    expect(texts.at(1)).toEqual([{ role: 'user', content: 'first' }]);
  });

  test('what chainctl logs --requests prints: a request came as much before its line as it took', async () => {
    const lines = [
      { service: 'a', status: 200, prompt_len: 1200, end_to_end_seconds: 1.5, ts: '2026-01-01T00:00:10.000Z' },
      { service: 'a', status: 503, error: 'overloaded', ts: '2026-01-01T00:00:09.000Z' },
    ].map((each) => JSON.stringify(each));
    for (const text of [
      lines.join('\n'),
      lines.map((each) => `a        ${each}`).join('\n'),
      lines.map((each) => JSON.stringify({ source: 'a', line: each })).join('\n'),
    ]) {
      const { at, rows } = await read(text);
      expect(at).toEqual([0, 500]);
      expect(rows[0]).toMatchObject({ inputCharacters: 1200 });
    }
  });

  test("a run's own record, by its file or its folder; a last row that was cut off is left out", async () => {
    const run = join(folder, 'run');
    await mkdir(run);
    const head = 'rps_target,ok,status,latency_ms,error,request,intended_ms,prompt_tokens,output_tokens';
    await writeFile(
      join(run, 'local_chain_rps2.csv'),
      `${head}\n2,1,200,5.000,,1,500.000,40,9\n2,0,503,5.000,"HTTP 503: a, b",0,0.000,,\n2,1,200`,
    );
    const { rows } = await readTrace(run);
    expect(rows.map(({ atMs, inputTokens, maxTokens }) => [atMs, inputTokens, maxTokens])).toEqual([
      [0, undefined, undefined],
      [500, 40, 9],
    ]);
    await writeFile(join(run, 'local_chain_rps4.csv'), `${head}\n`);
    await expect(readTrace(run)).rejects.toThrow(': the run has 2 points');
  });
});

describe('what cannot be used is refused with its place', () => {
  test.each([
    ['', 'there is no request in it'],
    ['{"input_length": 5}\n', 'line 1 has no time at which the request came: its fields are input_length'],
    ['{"timestamp": 0}\n{"timestamp": "soon"}\n', 'line 2 has no time in "timestamp": "soon"'],
    ['{"timestamp": 0, "input_length": -1}\n', 'line 1 has "input_length": -1, which is no number'],
    ['{"timestamp": 0, "input_length": 1e9}\n', 'line 1 has "input_length": 1000000000, and more than 10000000 are'],
    [`{"timestamp": 0, "hash_ids": [${Array(20_000).fill(1)}]}\n`, 'line 1 has 20000 "hash_ids", and at most 19532'],
    ['{"timestamp": 0, "hash_ids": ["a"]}\n', 'line 1 has "hash_ids" that are no whole numbers'],
    ['timestamp,input_length\n0\n1,2\n', 'line 2 has not as many cells as the header'],
    [
      '{"service":"a","ts":"2026-01-01T00:00:10Z"}\n{"service":"b","ts":"2026-01-01T00:00:10Z"}\n',
      'it has the requests of a and b, and each asks the other for the same ones',
    ],
  ])('%j', async (content, why) => {
    await expect(read(content)).rejects.toThrow(`: ${why}`);
  });
});

test('a trace whose times are of two kinds is refused before it is offered for a year; its beginning is not', async () => {
  const trace = join(folder, 'mixed');
  await writeFile(trace, '{"timestamp": 0, "input_length": 5}\n{"timestamp": 1.7e12, "input_length": 5}\n');
  await expect(openWorkload({ trace })).rejects.toMatchObject({ exit: 2, code: 'trace-too-long' });
  await expect(openWorkload({ trace, traceSeconds: 60 })).resolves.toMatchObject({
    workload: { trace: { requests: 1 } },
  });
});

describe('a replay', () => {
  const rows = [100, 600, 1100, 1600, 2100].map((atMs) => ({ atMs }));

  test('keeps the times, and a rate of four digits that brings exactly as many requests', () => {
    const { times, rate, durationSeconds } = replayOf(rows, 1);
    expect(Array.from(times)).toEqual([0, 500, 1000, 1500, 2000]);
    expect([rate, durationSeconds]).toEqual([2, 2.5]);
  });

  test('faster, and only its beginning', () => {
    expect(replayOf(rows, 2)).toMatchObject({ rate: 4, durationSeconds: 1.25 });
    const part = replayOf(rows, 1, 1.2);
    expect(Array.from(part.times)).toEqual([0, 500, 1000]);
    expect(part.rate * part.durationSeconds).toBeCloseTo(3, 9);
    expect(part.durationSeconds).toBeGreaterThanOrEqual(1.2);
  });

  test.each([1, 2])('of %d requests at once', (count) => {
    const { rate, durationSeconds } = replayOf(
      rows.slice(0, count).map(() => ({ atMs: 7 })),
      1,
    );
    expect(rate * durationSeconds).toBeCloseTo(count, 9);
  });

  test('whatever the span: no request is added or lost', () => {
    for (const span of [0.37, 12.34, 3599.9, 86_400.123]) {
      const many = Array.from({ length: 997 }, (_, n) => ({ atMs: (n * span * 1000) / 996 }));
      const { times, rate, durationSeconds } = replayOf(many, 1);
      expect(Math.ceil(rate * durationSeconds - 1e-9)).toBe(times.length);
      expect(durationSeconds * 1000).toBeGreaterThan(times.at(-1) as number);
    }
  });
});
