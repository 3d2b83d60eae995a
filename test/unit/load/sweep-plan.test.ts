import { expect, test } from 'vitest';
import { DEFAULT_RATES } from '../../../src/services/load/schedule/rates.ts';
import { defaultMaxInFlight, inFlightWarnings, planSweep } from '../../../src/services/load/sweep/sweep-plan.ts';

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
  expect([1024, 20_000, 1_000_000, undefined, 10].map(defaultMaxInFlight)).toEqual([960, 19_936, 28_000, 28_000, 1]);
});
