import { expect, test } from 'vitest';
import { isSampled, traceEvery } from '../../../src/services/load/engine/sampled.ts';

test.each([
  [1, 10],
  [5, 50],
  [7, 35],
  [1000, 50],
  [33_333, 50],
])('at %d requests per second, at most five traces a second are kept', (rate, most) => {
  const every = traceEvery({ rate });
  const kept = Array.from({ length: rate * 10 }, (_, index) => index).filter((index) => isSampled(index, every));
  expect(kept.length).toBeLessThanOrEqual(most);
  expect(kept.length).toBeGreaterThanOrEqual(Math.min(rate * 10, 30));
});

test('the warm-up likewise; none where none is asked for, all where as many are; few of a closed loop', () => {
  expect(isSampled(-200, traceEvery({ rate: 1000 }))).toBe(true);
  expect(isSampled(-201, traceEvery({ rate: 1000 }))).toBe(false);
  expect(isSampled(0, traceEvery({ rate: 10 }, 0))).toBe(false);
  expect(isSampled(3, traceEvery({ rate: 10 }, 10))).toBe(true);
  expect(traceEvery({ rate: 1, concurrency: 64 })).toBe(200);
});
