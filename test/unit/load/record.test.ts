import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open as openFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { CsvOutput } from '../../../src/services/load/outputs/csv.ts';
import { CsvFile } from '../../../src/services/load/record/csv-file.ts';
import { REQUEST_HEADER, requestRows, SUMMARY_HEADER, summaryRow } from '../../../src/services/load/record/csv-rows.ts';
import { RunRecord, type RunRecordOptions } from '../../../src/services/load/record/run-record.ts';
import type { Limit } from '../../../src/services/load/stats/criterion.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { pointOf, reportOf } from '../results/fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-record-'));
});

describe('columns', () => {
  test('begin as the contract has them', () => {
    expect(REQUEST_HEADER).toMatch(/^rps_target,ok,status,latency_ms,error,/);
    expect(SUMMARY_HEADER).toMatch(
      /^run_tag,target_url,rps_target,duration_s,timeout_s,drain_timeout_s,concurrency,sent,completed,ok,errors,ok_rps,err_pct,avg_ms,p50_ms,p90_ms,p95_ms,p99_ms,per_request_csv,/,
    );
  });

  test('rows: three decimals, response time, text from the network is never a formula', () => {
    const [ok, bad] = requestRows(0.5, [
      {
        ...{ index: 0, intendedMs: 0, latenessMs: 0.1, serviceMs: 12.3456, outcome: 'ok', class: 'ok', status: 200 },
        ...{ error: '', host: '=cmd|x', figures: { ollama_seconds: 1.5, b_load_seconds: 2 } },
      },
      { index: 1, intendedMs: 2000, outcome: 'http_error', class: '503', status: 503, error: '@a, "b"' },
    ]).split('\n');
    // Newer columns follow, of which these tell nothing.
    expect(ok?.replace(/,+$/, '')).toBe("0.5,1,200,12.446,,0,0.000,0.100,12.346,ok,ok,'=cmd|x,,,,1.5,,,,,,,,,,,,,,2");
    expect(bad?.replace(/,+$/, '')).toBe(`0.5,0,503,,"'@a, ""b""",1,2000.000,,,http_error,503`);
  });

  test('good says of each request whether it keeps every limit, and nothing without --goodput', () => {
    const limits = [{ expression: 'latency<15ms', of: 'e2e', operator: '<', bound: 15 }] as const;
    const slow = { ...request, serviceMs: 20 };
    const rows = (of: readonly Limit[]) =>
      requestRows(1, [request, slow, { ...request, outcome: 'timeout' }], of)
        .trim()
        .split('\n');
    expect(REQUEST_HEADER).toMatch(/,session,turn,good,hop_ttft_ms,/);
    expect(rows(limits).map((row) => row.split(',').at(-3))).toEqual(['1', '0', '0']);
    expect(rows([]).map((row) => row.split(',').at(-3))).toEqual(['', '', '']);
  });

  test('a row of the summary tells how the target was asked, for which model, and the means', () => {
    const { plan, points } = reportOf([pointOf(0, 10)]);
    expect(SUMMARY_HEADER).toMatch(/,retried,api,model,min_ms,ttft_avg_ms,itl_avg_ms,tpot_avg_ms,hop_ttft_p50_ms,/);
    const row = (change: object) =>
      summaryRow({ ...plan, ...change }, points[0] as PointSummary)
        .trim()
        .split(',')
        .slice(-12, -9);
    expect(row({ api: 'openai-chat', model: '=m' })).toEqual(['openai-chat', "'=m", '2610.400']);
    expect(row({})).toEqual(['chain', '', '2610.400']);
  });

  test('newer columns stand behind those of earlier versions', () => {
    expect(REQUEST_HEADER).toMatch(
      /,itl_ms,a_queue_seconds,a_engine_queue_seconds,a_load_seconds,a_prompt_seconds,a_generation_seconds,b_queue_seconds,b_engine_queue_seconds,b_load_seconds,b_prompt_seconds,b_generation_seconds,ttft_intended_ms,reasoning_ttft_ms,reasoning_tokens,cached_tokens,finish_reason,max_tokens,tokens_estimated[,\n]/,
    );
    expect(SUMMARY_HEADER).toMatch(
      /,tpot_p95_ms,a_queue_ms,a_engine_queue_ms,a_load_ms,a_prompt_ms,a_generation_ms,b_queue_ms,b_engine_queue_ms,b_load_ms,b_prompt_ms,b_generation_ms[,\n]/,
    );
  });
});

test('a full disk is told once, and the file can still be closed', async () => {
  const faults: unknown[] = [];
  await expect(CsvFile.create('/dev/full/x', 'h\n', () => {})).rejects.toMatchObject({ code: 'ENOTDIR' });
  const full = new CsvFile('/dev/full', await openFile('/dev/full', 'a'), (error) => faults.push(error));
  full.append('row\n');
  full.append('row\n');
  await full.close();
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatchObject({ code: 'ENOSPC' });
});

const request: RequestRecord = {
  ...{ index: 0, intendedMs: 0, latenessMs: 0.1, serviceMs: 10, outcome: 'ok', class: 'ok', status: 200, error: '' },
};

describe('a run', () => {
  const options = (change: Partial<RunRecordOptions> = {}): RunRecordOptions => ({
    outFolder: join(folder, 'results'),
    tag: 'aws',
    targetName: 'chain',
    startedAt: Date.UTC(2026, 0, 31, 9, 59),
    expectedRows: 10,
    onFailure: () => {},
    ...change,
  });

  /** A run with its files; `notes` are what they said. */
  async function open(change: Partial<RunRecordOptions> = {}) {
    const given = options(change);
    const record = await RunRecord.open(given);
    const output = new CsvOutput();
    const notes: Event[] = [];
    const { outFolder, tag, targetName, onFailure } = given;
    const emit = (event: Event) => void notes.push(event);
    await output.begin({ outFolder, tag, targetName, folder: record.folder, emit, onFailure });
    const close = () => Promise.all([record.close(), output.close()]);
    return { record, output, notes, close };
  }

  async function run(rates: number[], host: string) {
    const { record, output, notes, close } = await open();
    for (const rate of rates) {
      const point = await output.openPoint(rate);
      point.add([{ ...request, host }]);
      await point.close();
    }
    await close();
    return { ...record, notes };
  }

  test('rows show under the contract name while they are written', async () => {
    const { output, close } = await open();
    const point = await output.openPoint(100);
    point.add([request]);
    const shown = () => readFile(join(folder, 'results/aws_chain_rps100.csv'), 'utf8');
    await expect.poll(shown).toMatch(/^rps_target,.*\n100,1,200,.*\n$/);
    await point.close();
    await close();
  });

  test('a later run of the same tag takes the names; the earlier one keeps its files', async () => {
    const first = await run([1, 10], 'first');
    const second = await run([10], 'second');
    expect([first.runId, second.runId]).toEqual(['20260131-095900-aws-chain', '20260131-095900-aws-chain-2']);
    expect(second.notes).toMatchObject([{ type: 'note', text: expect.stringContaining('the names of 2 files') }]);
    const out = join(folder, 'results');
    expect((await readdir(out)).sort()).toEqual([first.runId, second.runId, 'aws_chain_rps10.csv', 'aws_summary.csv']);
    expect(await readFile(join(out, 'aws_chain_rps10.csv'), 'utf8')).toContain('second');
    expect(await readFile(join(first.folder, 'aws_chain_rps10.csv'), 'utf8')).toContain('first');
    expect(existsSync(join(first.folder, 'aws_summary.csv'))).toBe(true);
  });

  test('one that goes on keeps the rows of its points, and sets aside those of what it measures again', async () => {
    const first = await run([5, 5, 20], 'before');
    const output = new CsvOutput();
    const { outFolder, tag, targetName, onFailure } = options();
    const kept = ['aws_chain_rps5.csv'];
    await output.begin({ outFolder, tag, targetName, folder: first.folder, kept, emit: () => {}, onFailure });
    const point = await output.openPoint(5);
    point.add([{ ...request, host: 'after' }]);
    await point.close();
    await output.close();
    const read = (name: string) => readFile(join(first.folder, name), 'utf8');
    expect(await read('aws_chain_rps5.csv')).toContain('before');
    expect(await read('aws_chain_rps5_2.csv')).toContain('after');
    expect(await read('aws_chain_rps5_2.interrupted-1.csv')).toContain('before');
    expect(await read('aws_chain_rps20.interrupted-1.csv')).toContain('before');
    const shown = (await readdir(outFolder)).filter((name) => name.endsWith('.csv'));
    expect(shown.sort()).toEqual(['aws_chain_rps5.csv', 'aws_chain_rps5_2.csv', 'aws_summary.csv']);
  });

  test('a file that is nowhere else is renamed, not replaced', async () => {
    await mkdir(join(folder, 'results'));
    await writeFile(join(folder, 'results/aws_chain_rps10.csv'), 'precious');
    await writeFile(join(folder, 'results/aws_chain_rps10.earlier-1.csv'), 'older');
    await writeFile(join(folder, 'results/aws_chain_notes.csv'), 'not ours');
    // Of a tag that begins like this one and its target.
    await writeFile(join(folder, 'results/aws_chain_b_invoke_rps10.csv'), 'of another tag');
    await run([10], 'new');
    const read = (name: string) => readFile(join(folder, 'results', name), 'utf8');
    expect(await read('aws_chain_rps10.earlier-2.csv')).toBe('precious');
    expect(await read('aws_chain_rps10.earlier-1.csv')).toBe('older');
    expect(await read('aws_chain_notes.csv')).toBe('not ours');
    expect(await read('aws_chain_b_invoke_rps10.csv')).toBe('of another tag');
  });

  test('a folder that cannot be written is found before the first request', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(RunRecord.open(options({ outFolder: join(folder, 'file/results') }))).rejects.toMatchObject({
      exit: 3,
      code: 'results-unwritable',
      message: expect.stringContaining('file/results: ENOTDIR'),
    });
  });

  test('folders above it are made, too', async () => {
    const { close } = await open({ outFolder: join(folder, 'a/b/c') });
    await close();
    expect(existsSync(join(folder, 'a/b/c/aws_summary.csv'))).toBe(true);
  });

  test.skipIf(!existsSync('/proc/self'))('a place where no folder can be made is an error, not a wait', async () => {
    const opened = RunRecord.open(options({ outFolder: '/proc/none/results' }));
    await expect(opened).rejects.toMatchObject({ exit: 3, code: 'results-unwritable' });
  });

  test('so is a disk without room for the rows', async () => {
    await expect(RunRecord.open(options({ expectedRows: 1e15 }))).rejects.toMatchObject({
      exit: 3,
      message: expect.stringContaining('MB and the disk does not have them'),
    });
  });
});
