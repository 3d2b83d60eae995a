import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { parseAbort, parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { createSweepControl } from '../../../src/services/load/sweep/sweep-control.ts';
import { resumedOptions, type SweepOptions } from '../../../src/services/load/sweep/sweep-options.ts';
import { modelledServer } from '../../support/modelled-generator.ts';
import { ANSWER, pointOf, readCsv, serve, sweep } from './lab.ts';

/** As many places, each busy for `ms` per request; who finds none waits, and is served even when he has gone. */
async function limited(places: number, ms: number) {
  let free = places;
  const waiting: (() => void)[] = [];
  const lab = await serve((request, response) => {
    const work = () => {
      free--;
      setTimeout(() => {
        response.end(ANSWER);
        free++;
        waiting.shift()?.();
      }, ms);
    };
    request.resume().on('end', () => (free > 0 ? work() : waiting.push(work)));
  });
  return { ...lab, backlog: () => waiting.length };
}

/** 24 places of 300 ms: 80 requests per second. Long enough that what a busy machine adds does not matter. */
const eighty = () => limited(24, 300);
const shortly = { durationSeconds: 4, warmupSeconds: 0.4, drainSeconds: 30 };

/** Where the server and its time are calculated, a busy machine makes no point invalid: the knee is where it has to be. */
describe('the knee of a server that can do 80 per second', () => {
  const startGenerator = async () => modelledServer(24, 300);

  test('is found on the ladder, and what is above it is left out', async () => {
    const { url } = await eighty();
    const slos = ['p95<600ms', 'ok>99%', 'served-rps>=30'].map(parseSlo);
    const options = { ...shortly, rates: [20, 50, 160, 200], stopAboveKnee: true, slos };
    const { report } = await sweep(url, options, { startGenerator });
    expect(report.points.map(({ status }) => status)).toEqual(['complete', 'complete', 'complete', 'skipped']);
    expect(report.points.map(({ state }) => state?.state)).toEqual(['steady', 'steady', 'overloaded', undefined]);
    expect(report).toMatchObject({ status: 'complete', knee: { rate: 50, index: 1, above: 160 } });
    expect(report.points[3]?.validity).toBe('above the knee: 160 rps was not sustained');
    expect(report.slos?.map(({ passed }) => passed)).toEqual([false, true, false]);
    expect(report.slos?.[0]?.points.map(({ rate, passed }) => [rate, passed])).toEqual([
      [20, true],
      [50, true],
      [160, false],
    ]);
    expect(report.points[1]?.state?.little?.expected).toBeCloseTo(15, -0.5);
    const rows = await readCsv(report.summaryCsv);
    expect(rows.map(({ status }) => status)).toEqual(['complete', 'complete', 'complete', 'skipped']);
    const run = await readRun(report.runFolder);
    expect(run.report).toEqual({ ...report, summaryCsv: run.report.summaryCsv });
    expect(new Set(run.series.map(({ rate }) => rate))).toEqual(new Set([20, 50, 160]));
  });

  test('is searched to within 10 % of it, in a few points', async () => {
    const { url } = await eighty();
    const bounds = { durationSeconds: 3, maxDurationSeconds: 12, rates: [30, 160] };
    const findKnee = { ...bounds, warmupSeconds: 1, drainSeconds: 30, findKnee: true };
    const { report } = await sweep(url, findKnee, { startGenerator });
    expect(report.knee?.rate).toBeGreaterThan(72);
    expect(report.knee?.rate).toBeLessThan(88);
    expect(report.points.length).toBeLessThanOrEqual(9);
    expect(report.plan.rates).toEqual(report.points.map(({ rate }) => rate));
  });

  test('is searched above what was not sustained, too, where a run of an earlier version asked for both', async () => {
    const { url } = await eighty();
    const bounds = { durationSeconds: 3, maxDurationSeconds: 3, rates: [100, 400] };
    const both = { ...bounds, warmupSeconds: 0, drainSeconds: 30, findKnee: true, stopAboveKnee: true };
    const slos = [parseSlo('p95<600ms')];
    const { report } = await sweep(url, { ...both, slos }, { startGenerator });
    expect(report.points.map(({ status }) => status)).not.toContain('skipped');
  });
});

test.concurrent('a point that begins on the backlog of another one says so; one that waited does not', async () => {
  const { url, backlog } = await eighty();
  const change = { ...shortly, durationSeconds: 1.5, drainSeconds: 0.1, rates: [400, 10], probe: true };
  const hasty = await sweep(url, { ...change, gateSeconds: 0.2 });
  expect(hasty.report.points[0]?.contaminated).toBeUndefined();
  expect(hasty.report.points[1]?.contaminated).toMatch(/^a probe still (takes|fails) .* ms before the sweep/);
  await expect.poll(backlog, { timeout: 20_000 }).toBe(0);
  const patient = await sweep(url, { ...change, rates: [200, 10], gateSeconds: 20 });
  expect(patient.report.points.map(({ contaminated }) => contaminated)).toEqual([undefined, undefined]);
  expect(patient.report.plan.probeMs).toBeGreaterThan(299);
  expect(patient.report.plan.predictedInFlight?.[0]).toBeGreaterThanOrEqual(60);
  expect(patient.events.filter(({ type }) => type === 'note')).not.toEqual([]);
  const waits = patient.events.flatMap((event) => (event.type === 'sweep-waiting' ? [event] : []));
  expect(waits.length).toBeGreaterThan(0);
  expect(waits[0]).toMatchObject({
    rate: 10,
    boundSeconds: 20,
    reason: expect.stringMatching(/^a probe (takes|fails)/),
  });
}, 60_000);

test('a condition ends the point and the sweep, and both say so', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      response.statusCode = 503;
      response.end('{"detail":"overloaded: 8 at work and 64 waiting"}');
    });
  });
  const abortOn = [parseAbort('error-rate=50%'), parseAbort('p95=5s')];
  const outcome = await sweep(url, { rates: [50, 100], durationSeconds: 30, abortOn });
  const { report } = outcome;
  expect(report).toMatchObject({
    status: 'interrupted',
    abortedBy: expect.stringMatching(/^error-rate=50%: \d+\.\d+ % after/),
  });
  expect(report.points).toHaveLength(1);
  const point = pointOf(outcome);
  expect(point).toMatchObject({ status: 'aborted', refusedBy: { b: point.sent }, errorsByClass: { 503: point.sent } });
  expect(point.sent).toBeGreaterThanOrEqual(20);
  expect(point.sent).toBeLessThan((50 * 30) / 2);
  expect(await readCsv(point.perRequestCsv)).toHaveLength(point.sent);
  expect((await readRun(report.runFolder)).report).toMatchObject({ abortedBy: report.abortedBy });
});

test('a condition that does not hold ends nothing', async () => {
  const { url } = await limited(1000, 5);
  const { report } = await sweep(url, { abortOn: [parseAbort('error-rate=50%'), parseAbort('p50>4s')] });
  expect(report.status).toBe('complete');
});

test('the operator skips the rest of a point, and stops the sweep', async () => {
  const { url } = await limited(1000, 5);
  const control = createSweepControl();
  const skipped = await sweep(
    url,
    { rates: [50, 100, 200], durationSeconds: 20 },
    {
      control,
      onEvent: (event) => {
        if (event.type !== 'sweep-tick' || event.tick.sent < 10) return;
        if (event.tick.rate === 50) control.skip();
        if (event.tick.rate === 100) control.stop();
      },
    },
  );
  expect(skipped.report.status).toBe('interrupted');
  expect(skipped.report.points.map(({ rate, status }) => [rate, status])).toEqual([
    [50, 'cut'],
    [100, 'interrupted'],
  ]);
  expect(skipped.report.points.every(({ outcomes, sent }) => outcomes.ok === sent)).toBe(true);
});

test('live ticks carry percentiles, classes, hosts and history', async () => {
  const { url } = await limited(1000, 20);
  const { events } = await sweep(url, { durationSeconds: 2.5 });
  const ticks = events.flatMap((event) => (event.type === 'sweep-tick' ? [event.tick] : []));
  const last = ticks.at(-1);
  expect(last?.response?.p50).toBeGreaterThan(19);
  expect(last?.lateness?.p99).toBeGreaterThan(0);
  expect(last?.hosts).toEqual({ 'b-1': 250 });
  expect(last?.errorsByClass).toEqual({});
  expect(last?.responseHistory?.length).toBeGreaterThanOrEqual(2);
});

describe('a run that was killed', () => {
  const settings = (targetUrl: string, outFolder: string): SweepOptions => ({
    ...{ targetUrl, outFolder, tag: 'lab', rates: [30, 60, 90], durationSeconds: 2.2, warmupSeconds: 0.2 },
    ...{ timeoutSeconds: 5, drainSeconds: 5, prompt: DEFAULT_PROMPT, seed: 1, preflight: true, about: {} },
  });

  /** Another process sweeps, and is killed in the middle of its second point. */
  async function killed(url: string): Promise<{ readonly out: string; readonly folder: string }> {
    const out = await mkdtemp(join(tmpdir(), 'chainctl-load-'));
    const module = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href;
    const script = `
      const { runSweep } = await import('${module('services/load/sweep/run-sweep.ts')}');
      const { createChainClient } = await import('${module('services/chain/client.ts')}');
      const { systemClock } = await import('${module('runtime.ts')}');
      const emit = (event) => {
        if (event.type === 'sweep-tick' && event.tick.rate === 60 && event.tick.sent > 70) console.log('now');
        if (event.type === 'sweep-started') console.log(event.plan.runId);
      };
      const signal = new AbortController().signal;
      const client = createChainClient({ clock: systemClock, timeoutMs: 5000, signal });
      await runSweep(JSON.parse(process.argv[1]), { clock: systemClock, client, emit, signal });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(settings(url, out))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.includes('now')) break;
    }
    child.kill('SIGKILL');
    if (child.signalCode === null) await once(child, 'exit');
    return { out, folder: join(out, said.split('\n')[0] ?? '') };
  }

  test('is readable, and goes on with what is missing', async () => {
    const { url } = await limited(1000, 10);
    const { out, folder } = await killed(url);
    const left = await readRun(folder);
    expect(left.report.status).toBe('killed');
    expect(left.points.map(({ rate, status }) => [rate, status])).toEqual([
      [30, 'complete'],
      [60, 'interrupted'],
    ]);
    expect(left.points[1]?.sent).toBeGreaterThan(40);
    expect(left.points[1]?.outcomes.ok).toBeGreaterThan(40);
    expect(left.points[1]?.response?.p50).toBeGreaterThan(9);

    const options = resumedOptions(left, { prompt: DEFAULT_PROMPT, about: {} });
    const { report } = await sweep(url, options);
    expect(report.status).toBe('complete');
    expect(report.runFolder).toBe(folder);
    expect(report.points.map(({ rate, status, sent }) => [rate, status, sent])).toEqual([
      [30, 'complete', 66],
      [60, 'complete', 132],
      [90, 'complete', 198],
    ]);
    // The point that was complete was not measured again.
    expect(report.points[0]).toEqual(left.points[0]);
    const again = await readRun(folder);
    expect(again.points).toEqual(report.points);
    expect(again.manifest).toMatchObject({ status: 'complete', startedAt: left.manifest.startedAt });
    expect((await readCsv(join(out, 'lab_summary.csv'))).map(({ rps_target }) => rps_target)).toEqual([
      '30',
      '60',
      '90',
    ]);
    expect(await readCsv(join(out, 'lab_invoke_rps60.csv'))).toHaveLength(132);
    expect((await stat(join(folder, 'lab_invoke_rps60.interrupted-1.csv'))).size).toBeGreaterThan(1000);
    expect(await readFile(join(out, 'lab_invoke_rps30.csv'))).toEqual(
      await readFile(join(folder, 'lab_invoke_rps30.csv')),
    );
  });

  test('does not go on with another prompt', async () => {
    const { url } = await limited(1000, 10);
    const { report } = await sweep(url, { rates: [10], durationSeconds: 0.2 });
    const run = await readRun(report.runFolder);
    expect(() => resumedOptions(run, { prompt: `${DEFAULT_PROMPT}!`, about: {} })).toThrow(
      expect.objectContaining({ exit: 2, code: 'run-not-resumable' }),
    );
    // A run of an earlier version says nothing of how its prompts were made.
    const { promptScheme: _, ...settings } = run.manifest.settings as Record<string, unknown>;
    const older = { ...run, manifest: { ...run.manifest, settings } };
    expect(() => resumedOptions(older, { prompt: DEFAULT_PROMPT, about: {} })).toThrow(/it is of an earlier version/);
  });
});

test('Poisson arrivals: as many, at other times, the same for the same seed', async () => {
  const { url } = await limited(1000, 1);
  const intended = async () => {
    const outcome = await sweep(url, { arrivals: 'poisson' });
    expect(pointOf(outcome).scheduled).toBe(60);
    const rows = await readCsv(pointOf(outcome).perRequestCsv);
    return rows.sort((a, b) => Number(a.request) - Number(b.request)).map(({ intended_ms }) => intended_ms);
  };
  const first = await intended();
  expect(first).not.toEqual(first.map((_, i) => (i * 10).toFixed(3)));
  expect(await intended()).toEqual(first);
});
