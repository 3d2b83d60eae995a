import { describe, expect, test } from 'vitest';
import { incompleteBeta, shareBounds } from '../../../src/services/load/stats/binomial.ts';
import {
  DOUBT,
  effectiveCount,
  lowerRank,
  samplesNeeded,
  upperRank,
} from '../../../src/services/load/stats/certainty.ts';
import { quantileBound, Samples } from '../../../src/services/load/stats/percentiles.ts';
import { random } from '../../support/random.ts';

/** P(B <= k) of a binomial, term by term from Pascal's triangle in exact integers. */
function cumulated(n: number, k: number, p: number): number {
  let choose = 1n;
  let sum = 0;
  for (let i = 0; i <= k; i++) {
    sum += Number(choose) * p ** i * (1 - p) ** (n - i);
    choose = (choose * BigInt(n - i)) / BigInt(i + 1);
  }
  return sum;
}

describe('ranks that bound a percentile', () => {
  test.each([
    [0.5, 7],
    [0.9, 44],
    [0.95, 90],
    [0.99, 459],
    [0.999, 4603],
  ])('the %f quantile has an upper bound from %i samples on, as MLPerf has it', (fraction, needed) => {
    expect(samplesNeeded(fraction)).toBe(needed);
    expect(upperRank(needed, fraction)).toBe(needed);
    expect(upperRank(needed - 1, fraction)).toBeUndefined();
    expect(fraction ** needed).toBeLessThanOrEqual(0.01);
    expect(fraction ** (needed - 1)).toBeGreaterThan(0.01);
  });

  test('the smallest rank that the binomial allows, and the largest', () => {
    for (const n of [7, 20, 50, 90, 200]) {
      for (const p of [0.5, 0.9, 0.95]) {
        const ranks = Array.from({ length: n }, (_, at) => at + 1);
        // The u-th smallest is below the true quantile when u or more samples are.
        const upper = ranks.find((u) => 1 - cumulated(n, u - 1, p) <= 0.01 + 1e-12);
        const lower = ranks.findLast((l) => cumulated(n, l - 1, p) <= 0.01 + 1e-12);
        expect([n, p, upperRank(n, p), lowerRank(n, p)]).toEqual([n, p, upper, lower]);
      }
    }
  });

  test('with one sample above it, 662 are enough for a p99, and with two 838', () => {
    // The least that MLPerf's single and multiple streams take, of a p90 and a p99.
    expect(upperRank(64, 0.9)).toBe(63);
    expect(upperRank(63, 0.9)).toBe(63);
    expect(upperRank(662, 0.99)).toBe(661);
    expect(upperRank(661, 0.99)).toBe(661);
    expect(upperRank(838, 0.99)).toBe(836);
    expect(upperRank(837, 0.99)).toBe(836);
  });
});

describe('bounds of a share', () => {
  test('the incomplete beta function is the tail of a binomial', () => {
    for (const [n, k, p] of [
      [10, 3, 0.2],
      [100, 95, 0.9],
      [60, 60, 0.99],
      [200, 1, 0.01],
    ] as const) {
      expect(incompleteBeta(p, k, n - k + 1)).toBeCloseTo(1 - cumulated(n, k - 1, p), 10);
    }
  });

  test('Clopper and Pearson: at the bounds, what was seen has a chance of 1 %', () => {
    for (const [hits, of] of [
      [3, 10],
      [95, 100],
      [199, 200],
      [1, 50],
    ] as const) {
      const [low, high] = shareBounds(hits, of, 0.01);
      expect(1 - cumulated(of, hits - 1, low)).toBeCloseTo(0.01, 8);
      expect(cumulated(of, hits, high)).toBeCloseTo(0.01, 8);
    }
    expect(shareBounds(0, 0, 0.01)).toEqual([0, 1]);
    expect(shareBounds(10, 10, 0.01)).toEqual([expect.closeTo(0.01 ** 0.1, 9), 1]);
    expect(shareBounds(0, 10, 0.01)).toEqual([0, expect.closeTo(1 - 0.01 ** 0.1, 9)]);
  });
});

/** Response times of a queue with one server and random arrivals and times, mean 1, at 80 % of its capacity. */
function queue(next: () => number, count: number): Float64Array {
  let [waits, at] = [0, 0];
  // The first ones find it empty.
  const times = Array.from({ length: count + 2000 }, () => {
    const gap = -Math.log(1 - next()) / 0.8;
    waits = Math.max(0, at - gap);
    at = waits - Math.log(1 - next());
    return at;
  });
  return Float64Array.from(times.slice(2000));
}

const ROUNDS = 150;

/** How often there is a bound, and how often it is then above the truth. */
function coverage(fraction: number, truth: number, sample: (next: () => number) => Float64Array, isAware = true) {
  const next = random(11);
  let [bounded, held] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const values = sample(next);
    const samples = new Samples();
    for (const value of values) samples.add(value);
    const bound = isAware ? samples.bound(fraction, DOUBT)?.upper : quantileBound(values.sort(), fraction);
    if (bound === undefined) continue;
    bounded++;
    if (bound >= truth) held++;
  }
  return { bounded: bounded / ROUNDS, share: held / bounded };
}

describe('how often the bound holds', () => {
  test.each([0.5, 0.95, 0.99])('of independent samples 99 times of 100, for the %f quantile', (fraction) => {
    const exponential = (next: () => number) => Float64Array.from({ length: 1000 }, () => -Math.log(1 - next()));
    const { bounded, share } = coverage(fraction, -Math.log(1 - fraction), exponential);
    // Chance alone makes some samples look as if neighbours were alike.
    expect(bounded).toBeGreaterThanOrEqual(0.95);
    expect(share).toBeGreaterThanOrEqual(0.97);
  });

  // M/M/1: the response time is exponential with mean 1 / (1 - 0.8).
  const truth = (fraction: number) => -5 * Math.log(1 - fraction);
  const sample = (next: () => number) => queue(next, 10_000);

  test('in a queue, where neighbours wait for the same, only with the sample counted as smaller', () => {
    expect(coverage(0.95, truth(0.95), sample, false).share).toBeLessThan(0.7);
    const aware = coverage(0.95, truth(0.95), sample);
    expect(aware.bounded).toBeGreaterThan(0.8);
    expect(aware.share).toBeGreaterThanOrEqual(0.93);
  });

  test('a tail in which too little is to be seen has no bound, rather than one that fails', () => {
    expect(coverage(0.99, truth(0.99), sample, false).share).toBeLessThan(0.7);
    expect(coverage(0.99, truth(0.99), sample).bounded).toBeLessThan(0.05);
  });
});

describe('the effective number of samples', () => {
  test('independent ones all count, within what chance does', () => {
    const next = random(3);
    let fewer = 0;
    for (let round = 0; round < 500; round++) {
      if (effectiveCount(Array.from({ length: 1000 }, () => (next() < 0.05 ? 1 : 0))) < 1000) fewer++;
    }
    expect(fewer).toBeLessThanOrEqual(15);
  });

  test('all in one batch of twenty: a twentieth, by hand', () => {
    // 50 hits of 1000, all in the first batch of 50. Squares: 47.5^2 + 19 x 2.5^2 = 2375; x 20/19 / (1000 x 0.05 x 0.95).
    const hits = Array.from({ length: 1000 }, (_, at) => (at < 50 ? 1 : 0));
    expect(effectiveCount(hits)).toBeCloseTo(1000 / ((2375 * 20) / 19 / 47.5), 6);
  });

  test('trials that come together, as gaps of a request do, are weighed together', () => {
    const trials = Array.from({ length: 100 }, () => 10);
    const alike = Array.from({ length: 100 }, (_, at) => (at % 5 < 2 ? 10 : 0));
    // Every batch of five requests has 20 of 50.
    expect(effectiveCount(alike, trials)).toBe(1000);
    const halves = Array.from({ length: 100 }, (_, at) => (at < 50 ? 10 : 0));
    expect(effectiveCount(halves, trials)).toBeCloseTo(1000 / 52.63, 0);
  });
});

test('a summary has an upper bound where the sample carries the percentile, and no other', () => {
  const upperOf = (count: number) => {
    const samples = new Samples();
    for (let at = 0; at < count; at++) samples.add((at * 37) % count);
    return samples.summary()?.upper;
  };
  expect(upperOf(6)).toEqual({});
  expect(upperOf(7)).toEqual({ p50: 6 });
  expect(Object.keys(upperOf(89) ?? {})).toEqual(['p50', 'p90']);
  expect(Object.keys(upperOf(458) ?? {})).toEqual(['p50', 'p90', 'p95']);
  // All 459 are below the true p99 with a chance of 0.99^459 = 0.992 %.
  expect(upperOf(459)?.p99).toBe(458);
  expect(upperOf(4603)?.p999).toBe(4602);
});
