import { describe, expect, test } from 'vitest';
import { intervalRanks, quantileInterval, Samples } from '../../../src/services/load/stats/percentiles.ts';
import { random } from '../../support/random.ts';

describe('confidence intervals of percentiles', () => {
  test('the published ranks of the median', () => {
    // Le Boudec, Performance Evaluation of Computer and Communication Systems, table A.1.
    expect(intervalRanks(10, 0.5)).toEqual([2, 9]);
    expect(intervalRanks(20, 0.5)).toEqual([6, 15]);
    expect(intervalRanks(50, 0.5)).toEqual([18, 33]);
  });

  test('where the sample does not bound the quantile there is none', () => {
    expect(intervalRanks(0, 0.5)).toBeUndefined();
    expect(intervalRanks(5, 0.5)).toBeUndefined();
    expect(intervalRanks(6, 0.5)).toEqual([1, 6]);
    expect(intervalRanks(367, 0.99)).toBeUndefined();
    expect(intervalRanks(368, 0.99)).toEqual([360, 368]);
    const few = new Samples();
    for (let i = 0; i < 30; i++) few.add(i);
    expect(Object.keys(few.summary()?.ci ?? {})).toEqual(['p50']);
  });

  test('hundreds of thousands of samples neither underflow nor drift', () => {
    const [low, high] = intervalRanks(1_000_000, 0.99) ?? [0, 0];
    // The normal approximation: 990,000 +- 1.96 * 99.5.
    expect(low).toBeGreaterThan(990_000 - 200);
    expect(low).toBeLessThan(990_000 - 190);
    expect(high).toBeGreaterThan(990_000 + 190);
    expect(high).toBeLessThan(990_000 + 200);
  });

  test.each([0.5, 0.9, 0.95, 0.99])('hold the true %f quantile of an exponential 95 times of 100', (fraction) => {
    const next = random(7);
    const truth = -Math.log(1 - fraction);
    let hits = 0;
    for (let round = 0; round < 1000; round++) {
      const sorted = Float64Array.from({ length: 1000 }, () => -Math.log(1 - next())).sort();
      const [low, high] = quantileInterval(sorted, fraction) ?? [1, 0];
      if (low <= truth && truth <= high) hits++;
    }
    expect(hits).toBeGreaterThanOrEqual(935);
    expect(hits).toBeLessThanOrEqual(985);
  });
});
