import { describe, expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { Batches } from '../../../src/services/load/stats/batches.ts';
import { parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { meanExcess, plainExcess, shareExcess } from '../../../src/services/load/stats/excess.ts';
import { ObjectiveTally } from '../../../src/services/load/stats/objective.ts';
import { random } from '../../support/random.ts';

const RUNS = 200;

/** Means of a quantity of which each value is `keep` of the one before and the rest by chance. */
function means(keep: number, count: number) {
  const uniform = random(7);
  return Array.from({ length: RUNS }, () => {
    const batches = new Batches();
    let value = 0;
    for (let i = 0; i < count; i++) {
      value = keep * value + (1 - keep) * (uniform() - 0.5);
      batches.add(i, value, 1);
    }
    return batches.ratio() ?? { value: 0, error: 0, over: 0, memory: 0 };
  });
}

describe('batches of a window', () => {
  test('tell the error of a mean, whether neighbours are alike or not', () => {
    for (const keep of [0, 0.9, 0.99]) {
      const all = means(keep, 20_000);
      const inside = all.filter(({ value, error }) => Math.abs(value) < 2.58 * error).length;
      expect(inside / RUNS).toBeGreaterThan(0.975);
    }
  });

  test('tell for how many neighbours one counts', () => {
    const memory = (keep: number) => means(keep, 20_000).reduce((sum, each) => sum + each.memory, 0) / RUNS;
    expect(memory(0)).toBeLessThan(3);
    // (1 + keep) / (1 - keep) of an autoregressive process.
    expect(memory(0.9)).toBeGreaterThan(15);
    expect(memory(0.9)).toBeLessThan(40);
  });

  test('tell the same error however long the point lasted, and whatever its window was to be', () => {
    const errorOf = (stepMs: number) => {
      const uniform = random(3);
      const batches = new Batches();
      for (let i = 0; i < 2000; i++) batches.add(i * stepMs, uniform(), 1);
      return batches.ratio()?.error ?? 0;
    };
    // Of a uniform variable the mean of 2,000.
    const truth = Math.sqrt(1 / 12 / 2000);
    for (const stepMs of [0.05, 1, 7, 1000, 60_000]) {
      expect(errorOf(stepMs) / truth).toBeGreaterThan(0.8);
      expect(errorOf(stepMs) / truth).toBeLessThan(2.5);
    }
  });

  test('of few waves of requests, each counts as one alone at the most', () => {
    const batches = new Batches();
    for (let i = 0; i < 200; i++) batches.add(10_000 * Math.floor(i / 64), i % 2, 1);
    const { error = 0, memory } = batches.ratio() ?? {};
    expect(error).toBeCloseTo(0.25, 6);
    expect(memory).toBe(50);
  });

  test('have no ratio of nothing, and count what comes before the beginning into it', () => {
    const batches = new Batches();
    expect(batches.ratio()).toBeUndefined();
    for (const at of [2000, -5, 500, 1000]) batches.add(at, 2, 4);
    expect(batches.ratio()).toMatchObject({ value: 0.5, over: 16 });
  });
});

describe('how far an objective is missed', () => {
  const ratio = (value: number, over: number, error = 0) => ({ value, over, error, memory: 1 });

  test('0 at the bound, below where it holds, above where it is missed', () => {
    expect(shareExcess(ratio(0.05, 100_000), 0.05, 1).excess).toBeCloseTo(0, 3);
    expect(shareExcess(ratio(0.02, 100_000), 0.05, 1).excess).toBeLessThan(-0.9);
    expect(shareExcess(ratio(0.1, 100_000), 0.05, 1).excess).toBeGreaterThan(0.7);
    expect(meanExcess(ratio(200, 100, 10), 100)).toEqual({ excess: 0.5, error: 0.025 });
    // All alike, and all at once.
    expect(meanExcess(ratio(200, 100, 0), 100)).toEqual({ excess: 0.5, error: 0.001 });
    expect(meanExcess(ratio(0, 100, 0), 100)).toEqual({ excess: -999, error: 0.001 });
    expect(plainExcess(true)).toEqual({ excess: -3, error: 1, bound: 'most' });
    expect(plainExcess(false)).toEqual({ excess: 3, error: 1, bound: 'least' });
  });

  test('of none, or all, it is a bound, and a wide one where neighbours are alike', () => {
    const none = shareExcess(ratio(0, 1000), 0.05, 1);
    expect(none.bound).toBe('most');
    expect(none.excess).toBeLessThan(-4);
    const alike = shareExcess(ratio(0, 1000), 0.05, 100);
    expect(alike.bound).toBe('most');
    expect(alike.excess).toBeGreaterThan(none.excess + 2);
    expect(shareExcess(ratio(1, 1000), 0.05, 1).bound).toBe('least');
  });

  test('a point says it of each of its objectives, over all requests', () => {
    const criteria = ['p90<150ms', 'mean<150ms', 'ok>=95%', 'max<10s', 'ok-rps>1'].map(parseSlo);
    const record = (index: number, more: Partial<RequestRecord>): RequestRecord => {
      const fine = { outcome: 'ok', class: 'ok', status: 200, error: '', latenessMs: 0, serviceMs: 100 } as const;
      return { index, intendedMs: index * 10, ...fine, ...more };
    };
    const timeout = { outcome: 'timeout', class: 'timeout', status: 0 } as const;
    const tally = (every: number, isSearched = false) => {
      const all = new ObjectiveTally({ criteria, isSearched });
      for (let i = 0; i < 1000; i++) all.add(record(i, i % every === 0 ? timeout : {}));
      const failed = 1000 / every;
      const outcomes = {
        ok: 1000 - failed,
        timeout: failed,
        http_error: 0,
        transport_error: 0,
        invalid: 0,
        incomplete: 0,
      };
      return all.figures({ scheduled: 1000, outcomes, okRps: 100 } as never);
    };
    const evidence = (every: number) => tally(every, true).map((each) => each.evidence?.excess ?? Number.NaN);
    const [p90 = 0, mean = 0, ok = 0, max = 0, rate = 0] = evidence(5);
    // One in five hangs: it has met no latency objective.
    expect(p90).toBeGreaterThan(0.5);
    expect(mean).toBe(3);
    expect(ok).toBeGreaterThan(1);
    expect([max, rate]).toEqual([3, -3]);
    expect(evidence(50)[0]).toBeLessThan(-1);
    // Nobody asks for it but a search.
    expect(tally(5).every((each) => each.evidence === undefined)).toBe(true);
  });
});
