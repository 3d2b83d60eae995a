import { describe, expect, test } from 'vitest';
import { sweepGenerators } from '../../../src/services/load/generators/plan-generators.ts';
import { search as searchProfile } from '../../../src/services/load/profiles/search.ts';
import { DEFAULT_RATES } from '../../../src/services/load/schedule/rates.ts';
import {
  defaultMaxInFlight,
  inFlightWarnings,
  planSweep,
  predictions,
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
  const bounds = [960, 19_936, 1e6, Number.POSITIVE_INFINITY, 0].map(defaultMaxInFlight);
  expect(bounds).toEqual([960, 19_936, 50_000, 50_000, 1]);
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

describe('points that may be too short to tell', () => {
  const told = (change: Partial<typeof settings>, probeMs: number, more: object = {}) =>
    predictions(
      planSweep(
        { ...settings, ...change },
        { runId: 'r', simulated: false, maxInFlight: 20_000, probeMs },
        { rates: settings.rates, ...(change.rates && { rates: change.rates }), ...more },
      ),
    ).slice(1);

  test('are named with what the answers and the lowest rate ask for, which is the least that is known', () => {
    expect(told({ rates: [0.05, 0.4], durationSeconds: 20 }, 5900)).toEqual([
      {
        level: 'warn',
        text:
          'points of 20 s may not tell whether the target keeps up: answers of 5.9 s ask for 30 s, and for more under ' +
          'load; 60 requests at 0.05 rps take 1200 s; --duration 1200s would show more',
      },
    ]);
    expect(told({ rates: [10], durationSeconds: 20 }, 5900)[0]?.text).toMatch(
      /: answers of 5\.9 s ask for 30 s, and for more under load; --duration 30s would show more$/,
    );
    expect(told({ rates: [0.5], durationSeconds: 30 }, 5900)[0]?.text).toMatch(
      /keeps up: 60 requests at 0\.5 rps take 120 s; --duration 120s would show more$/,
    );
  });

  test('are none where answers are fast, or there are enough of them', () => {
    expect(told({}, 50)).toEqual([]);
    expect(told({ rates: [1], durationSeconds: 60 }, 10_000)).toEqual([]);
  });

  test('a search takes longer ones by itself, an elastic profile does not judge them', () => {
    const search = { low: 0.05, high: 0.4, maxPoints: 12, maxDurationSeconds: 600 };
    expect(told({ rates: [0.05, 0.4], durationSeconds: 20 }, 5900, { search })).toEqual([
      { level: 'info', text: expect.stringMatching(/1200 s\. The search takes longer ones where needed$/) },
    ]);
    const bound = { ...search, maxDurationSeconds: 20 };
    expect(told({ rates: [0.05, 0.4], durationSeconds: 20 }, 5900, { search: bound })[0]?.level).toBe('warn');
    const elastic = { low: 0.05, high: 0.4, maxPoints: 9, group: 'b' };
    expect(told({ rates: [0.05, 0.4], durationSeconds: 20 }, 5900, { elastic })).toEqual([]);
  });
});

test('a search says how long its points may take, and when that is too short for the answers', () => {
  const search = { low: 0.05, high: 0.4, maxPoints: 12, maxDurationSeconds: 600 };
  const known = { runId: 'r', simulated: false, maxInFlight: 1000 };
  const notes = (probeMs: number, maxDurationSeconds = 600) =>
    searchProfile
      .notes?.(
        planSweep(settings, { ...known, probeMs }, { rates: [0.05, 0.4], search: { ...search, maxDurationSeconds } }),
      )
      .map(({ level, text }) => `${level}: ${text}`) ?? [];
  expect(notes(500)).toEqual([expect.stringMatching(/^info: points near the knee last .* at most 10m 00s each/)]);
  expect(notes(25_000)[1]).toMatch(/^warn: .* takes 25 min: --max-duration 25m finds it/);
  expect(notes(100, 10)).toEqual([]);
});
