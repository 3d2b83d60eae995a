import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReportedRun } from '../../src/services/results/recorded.ts';
import { openTimeline } from '../../src/services/scaling/timeline-record.ts';
import { Cli } from '../support/cli.ts';
import { pointOf, recordedRun } from '../unit/results/fixture.ts';
import { elasticRun, oneToThree, timelineOf } from '../unit/scaling/fixture.ts';
import { writeRun } from './run-folder.ts';

let cli: Cli;

/** The same sweep of a target that can do less. */
function slower(run: ReportedRun): ReportedRun {
  const runId = '20260201-100000-aws-chain';
  const plan = { ...run.report.plan, runId };
  const points = run.report.points.map((point) =>
    point.rate < 800 ? pointOf(point.index, point.rate, { capacity: 300 }) : point,
  );
  return { ...run, manifest: { ...run.manifest, runId, plan }, report: { ...run.report, plan, points } };
}

beforeAll(async () => {
  cli = await Cli.open();
  const results = join(cli.home, 'results');
  await writeRun(results, recordedRun());
  await writeRun(results, slower(recordedRun()));
  await writeWatched(results);
});

/** A run beside which a group was watched. */
async function writeWatched(results: string): Promise<void> {
  const run = elasticRun();
  const folder = await writeRun(results, run);
  const { about, samples } = run.scaling?.timeline ?? timelineOf(oneToThree);
  const record = await openTimeline({ ...about, folder, tag: 'gcp', outFolder: results, onFailure: () => {} });
  for (const sample of samples) record.add(sample);
  await record.close();
}

afterAll(() => cli.close());

test('report: the table of the youngest run, or of the one named', async () => {
  const latest = await cli.run(['report']);
  expect([latest.code, latest.stderr]).toEqual([0, '']);
  expect(latest.stdout).toContain('run       results/20260201-100000-aws-chain');
  const named = await cli.run(['report', '20260131-095900-aws-chain']);
  expect(named.stdout).toContain('Knee: 400 rps is the highest rate that was sustained');
  for (const line of named.stdout.split('\n').slice(2, 16)) expect(line.length).toBeLessThanOrEqual(80);
});

test('report: every format to a file', async () => {
  const beginnings = { html: '<!doctype html>', markdown: '# aws', junit: '<?xml', json: '{', table: 'aws: ' };
  for (const [format, beginning] of Object.entries(beginnings)) {
    const { code, stdout } = await cli.run(['report', 'latest', '--format', format, '--out', `reports/run.${format}`]);
    expect([code, stdout]).toEqual([0, `Report: reports/run.${format}\n${format} of 20260201-100000-aws-chain\n`]);
    const text = await readFile(join(cli.home, 'reports', `run.${format}`), 'utf8');
    expect(text.slice(0, beginning.length)).toBe(beginning);
  }
});

test('report: md is markdown', async () => {
  const { code, stdout } = await cli.run(['report', 'latest', '--format', 'md']);
  expect([code, stdout.slice(0, 5)]).toEqual([0, '# aws']);
});

test('report and diff: the envelope', async () => {
  const report = await cli.json(['report', '20260131-095900-aws-chain']);
  expect(report.envelope).toMatchObject({ status: 'ok', result: { report: { knee: { rate: 400 } } } });
  const diff = await cli.json(['diff', '20260131-095900-aws-chain', 'latest']);
  expect(diff.envelope.result.points[7]).toMatchObject({ rate: 500, verdict: 'worse' });
});

test('diff: exit 8 only where it was asked for', async () => {
  const args = ['diff', '20260131-095900-aws-chain', 'latest'];
  const told = await cli.run(args);
  expect([told.code, told.stdout.includes('500 rps: goodput worse by 120/s, -28.6 %')]).toEqual([0, true]);
  expect((await cli.run([...args, '--fail-on-worse'])).code).toBe(8);
  expect((await cli.run(['diff', 'latest', 'latest', '--fail-on-worse'])).code).toBe(0);
});

test('an unknown run: exit 2, and which there are', async () => {
  const { code, stderr } = await cli.run(['report', 'nope']);
  expect(code).toBe(2);
  expect(stderr).toContain('name one of the latest: 20260201-100000-aws-chain, 20260131-100000-gcp-invoke');
});

test('report: a group that was watched beside the load', async () => {
  const id = '20260131-100000-gcp-invoke';
  const table = await cli.run(['report', id]);
  expect(table.stdout).toContain('1 to 3 at 35.0-40.0 s, 5.0-10.0 s after the load went from 10.0 to 25.0 rps');
  expect(table.stdout).toContain('an estimate');
  const given = await cli.json(['report', id, '--capacity-per-instance', '10']);
  expect(given.envelope.result.scaling.metrics).toMatchObject({ underAccuracy: [10, 12.22], instability: 16.67 });
  const knee = await cli.run(['report', id, '--capacity-from', '20260131-095900-aws-chain']);
  expect(knee.stdout.replaceAll(/\s+/g, ' ')).toContain(
    'at 133 rps each (knee of 400 rps with 3 instances, of 20260131-095900-aws-chain)',
  );
  const csv = await cli.run(['report', id, '--format', 'csv']);
  expect(csv.stdout).toContain('gcp,b,scale_out,1,1,3,b-2,first_answer,seconds,decision,17,23,');
  const none = await cli.run(['report', 'latest', '--format', 'csv']);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no group was watched')]);
  const unknown = await cli.run(['report', id, '--capacity-from', id]);
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    expect.stringContaining('does not show what one instance sustains'),
  ]);
});
