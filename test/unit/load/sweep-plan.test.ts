import { expect, test } from 'vitest';
import { DEFAULT_RATES } from '../../../src/services/load/schedule/rates.ts';
import { sweepGenerators } from '../../../src/services/load/sweep/sweep-generators.ts';
import {
  defaultMaxInFlight,
  inFlightWarnings,
  planSweep,
  searchNotes,
} from '../../../src/services/load/sweep/sweep-plan.ts';

const settings = {
  targetUrl: 'http://h/chain',
  tag: 't',
  rates: DEFAULT_RATES,
  durationSeconds: 10,
  warmupSeconds: 2,
  timeoutSeconds: 180,
  drainSeconds: 120,
};

test('the default ladder: 5,561 requests per second of duration', () => {
  const plan = planSweep(settings, { runId: 'r', simulated: false, maxInFlight: 20_000 });
  expect(plan).toMatchObject({ totalRequests: 55_610, warmupRequests: 11_122, estimateSeconds: 156 });
  expect(inFlightWarnings(plan)).toEqual([]);
});

test('points that may reach the bound of requests in flight are named before the first request', () => {
  const plan = planSweep(settings, { runId: 'r', simulated: false, maxInFlight: 11_000 });
  expect(inFlightWarnings(plan)).toEqual([
    'at 1000 requests per second, answers slower than 11.0 s reach the bound of 11000 in flight; ' +
      'what is due beyond it is dropped and counted, and the point is invalid',
  ]);
});

test('the bound follows descriptors and source ports', () => {
  const bound = (url: string) => [960, 19_936, 1e6, Number.POSITIVE_INFINITY, 0].map((n) => defaultMaxInFlight(url, n));
  expect(bound('http://h/chain')).toEqual([960, 19_936, 50_000, 50_000, 1]);
  expect(bound('https://h/chain')).toEqual([960, 19_936, 28_000, 28_000, 1]);
});

test('as many generators as the requests that will be open need', () => {
  const machine = { cores: 2, descriptorLimit: 1024 };
  expect(sweepGenerators(settings, machine).processes).toBe(1);
  // 1000/s against 500 ms, and four times that under load.
  expect(sweepGenerators(settings, { ...machine, probeMs: 500 })).toMatchObject({ processes: 3, maxInFlight: 2880 });
  expect(sweepGenerators({ ...settings, maxInFlight: 1500 }, machine).processes).toBe(2);
  // What is never sent is never open.
  expect(sweepGenerators({ ...settings, rates: [10], maxInFlight: 50_000 }, machine).processes).toBe(1);
});

test('a search says how long its points may take, and when that is too short for the answers', () => {
  const search = { low: 0.05, high: 0.4, maxPoints: 12, maxDurationSeconds: 600 };
  const known = { runId: 'r', simulated: false, maxInFlight: 1000 };
  const notes = (probeMs: number, maxDurationSeconds = 600) =>
    searchNotes(planSweep(settings, { ...known, probeMs, search: { ...search, maxDurationSeconds } })).map(
      ({ level, text }) => `${level}: ${text}`,
    );
  expect(notes(500)).toEqual([expect.stringMatching(/^info: points near the knee last .* at most 10m 00s each/)]);
  expect(notes(25_000)[1]).toMatch(/^warn: .* takes 25 min: --max-duration 25m finds it/);
  expect(notes(100, 10)).toEqual([]);
  expect(searchNotes(planSweep(settings, known))).toEqual([]);
});
