import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import type { Clock } from '../../../src/services/clock.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { ANSWER, readCsv, serve, sweep } from './lab.ts';

const HOUR = 3_600_000;

test.each([
  ['back', -HOUR],
  ['forward', HOUR],
])('a wall clock that is set %s by an hour in mid-run changes timestamps and nothing else', async (_way, step) => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end(ANSWER), 20));
  });
  let offset = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offset };
  const outcome = await sweep(
    url,
    { rates: [50, 100, 60], durationSeconds: 1, probe: true },
    {
      clock,
      onEvent: (event) => {
        if (event.type === 'sweep-tick' && event.tick.index === 1 && event.tick.sent > 20) offset = step;
      },
    },
  );
  const { report, events } = outcome;
  expect(report.status).toBe('complete');
  expect(report.points.map(({ rate, sent, outcomes }) => [rate, sent, outcomes.ok])).toEqual([
    [50, 50, 50],
    [100, 100, 100],
    [60, 60, 60],
  ]);
  for (const point of report.points) {
    expect(point).toMatchObject({ status: 'complete', durationSeconds: 1, sentRps: point.rate });
    expect(point.response?.p50).toBeGreaterThan(19);
    expect(point.response?.p50).toBeLessThan(HOUR / 100);
    expect(point.generatorCores).toBeGreaterThan(0);
    expect(point.generatorCores).toBeLessThan(4);
    for (const row of await readCsv(point.perRequestCsv)) {
      expect(Number(row.lateness_ms)).toBeGreaterThanOrEqual(0);
      expect(Number(row.latency_ms)).toBeGreaterThan(19);
      expect(Number(row.latency_ms)).toBeLessThan(HOUR / 100);
    }
  }
  const ticks = events.flatMap((event) => (event.type === 'sweep-tick' ? [event.tick] : []));
  for (const { elapsedSeconds, etaSeconds, sentPerSecond } of ticks) {
    expect(elapsedSeconds).toBeLessThan(HOUR / 100_000);
    expect(etaSeconds).toBeLessThan(HOUR / 100_000);
    expect(sentPerSecond).toBeLessThan(400);
  }
  const [first, second, third] = report.points.map(({ startedAt }) => Date.parse(startedAt));
  expect((second as number) - (first as number)).toBeLessThan(HOUR / 10);
  expect(Math.sign((third as number) - (second as number))).toBe(Math.sign(step));
  // The run is one folder, named by its beginning, and readable as it is.
  const run = await readRun(report.runFolder);
  expect(run.points).toEqual(report.points);
  expect(new Set(run.series.map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
  const summary = await readFile(report.summaryCsv, 'utf8');
  expect(await readFile(join(report.runFolder, 'lab_summary.csv'), 'utf8')).toBe(summary);

  // Another run takes over the contract's names, though its folder may sort before the older one.
  const later = await sweep(url, { rates: [50], durationSeconds: 0.3, outFolder: outcome.out }, { clock });
  expect((await readCsv(later.report.summaryCsv)).map(({ rps_target }) => rps_target)).toEqual(['50']);
  const folders = (await readdir(outcome.out, { withFileTypes: true })).filter((each) => each.isDirectory());
  expect(folders).toHaveLength(2);
});
