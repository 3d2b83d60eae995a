import { describe, expect, test } from 'vitest';
import {
  arrivalsBefore,
  arrivalsWithin,
  intendedMs,
  nextIndexAfter,
} from '../../../src/services/load/schedule/arrivals.ts';

const RATES = [0.1, 0.3, 0.5, 0.7, 1, 3, 7, 10, 33.3, 50, 100, 700, 999, 1000, 12_345];

describe.each(RATES)('at %f requests per second', (rate) => {
  test('request i is intended at i/L, and nothing accumulates', () => {
    for (const index of [0, 1, 2, 1000, 1_000_000]) expect(intendedMs(index, rate)).toBe((index * 1000) / rate);
  });

  test('the window holds exactly the requests that are due in it', () => {
    for (const seconds of [0.1, 1, 2.5, 10, 600]) {
      const count = arrivalsWithin(seconds, rate);
      expect(intendedMs(count, rate)).toBeGreaterThanOrEqual(seconds * 1000 - 1e-6);
      if (count > 0) expect(intendedMs(count - 1, rate)).toBeLessThan(seconds * 1000);
    }
  });

  test('the warm-up holds exactly the requests that are due before it', () => {
    for (const seconds of [0, 0.1, 2, 60]) {
      const count = arrivalsBefore(seconds, rate);
      expect(intendedMs(-count, rate)).toBeGreaterThanOrEqual(-seconds * 1000 - 1e-6);
      expect(intendedMs(-count - 1, rate)).toBeLessThan(-seconds * 1000);
    }
  });

  test('the next index is the first that is not yet due', () => {
    for (let elapsed = -50; elapsed < 5000; elapsed += 17.3) {
      const next = nextIndexAfter(elapsed, rate);
      expect(intendedMs(next, rate)).toBeGreaterThan(elapsed);
      expect(intendedMs(next - 1, rate)).toBeLessThanOrEqual(elapsed);
    }
  });
});

test('the counts that the contract leads one to expect', () => {
  expect([1, 10, 0.5, 0.7, 1000].map((rate) => arrivalsWithin(10, rate))).toEqual([10, 100, 5, 7, 10_000]);
  expect(arrivalsBefore(2, 0.1)).toBe(0);
});
