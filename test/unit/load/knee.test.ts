import { describe, expect, test } from 'vitest';
import { isSustained, judgeKnee } from '../../../src/services/load/stats/knee.ts';
import { MAX_SEARCH_POINTS, nextSearchRate, type Tried } from '../../../src/services/load/sweep/knee-search.ts';
import { listLadder, searchLadder, skippedPoint } from '../../../src/services/load/sweep/ladder.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';

const point = (rate: number, goodput: number, change: Partial<PointSummary> = {}): PointSummary => {
  const nothing = skippedPoint(0, rate, 'valid', '');
  return {
    ...nothing,
    ...{ index: rate, status: 'complete', scheduled: 1000, sent: 1000, servedRps: rate * goodput },
    outcomes: { ...nothing.outcomes, ok: 1000 * goodput, http_error: 1000 * (1 - goodput) },
    state: { state: 'steady', reason: '' },
    ...change,
  };
};
const overloaded = { state: { state: 'overloaded', reason: '' } } as const;
const filling = { state: { state: 'filling', reason: '' } } as const;

describe('the knee', () => {
  test('the highest sustained point, and the lowest above it that was not', () => {
    expect(judgeKnee([point(10, 1), point(100, 0.99), point(200, 0.9), point(300, 0.5)])).toEqual({
      ...{ rate: 100, index: 100, above: 200 },
    });
    expect(judgeKnee([point(10, 1), point(100, 1)])).toEqual({ rate: 100, index: 100 });
    expect(judgeKnee([point(10, 0.5)])).toBeUndefined();
    expect(judgeKnee([])).toBeUndefined();
  });

  test('a point that recovers above an overload is no capacity', () => {
    expect(judgeKnee([point(10, 1), point(100, 0.5), point(200, 1)])).toMatchObject({ rate: 10, above: 100 });
  });

  test('points that do not tell: invalid, interrupted, skipped, filling', () => {
    expect(isSustained(point(10, 1, { validity: 'invalid: client-limited (x)' }))).toBeUndefined();
    expect(isSustained(point(10, 1, { status: 'interrupted' }))).toBeUndefined();
    expect(isSustained(point(10, 1, filling))).toBeUndefined();
    expect(isSustained(point(10, 1, overloaded))).toBe(false);
    expect(isSustained(point(10, 1, { dropped: 1 }))).toBe(false);
    expect(isSustained(point(10, 0.979))).toBe(false);
    expect(judgeKnee([point(10, 1), point(20, 1, filling)])).toEqual({ rate: 10, index: 10 });
  });
});

/** Searches against a target of known capacity. */
function search(low: number, high: number, capacity: number, served: (rate: number) => number): Tried[] {
  const tried: Tried[] = [];
  for (let rate = nextSearchRate(low, high, tried); rate !== undefined; rate = nextSearchRate(low, high, tried)) {
    tried.push({ rate, sustained: rate <= capacity, servedRps: served(rate) });
  }
  return tried;
}

describe('the search', () => {
  test.each([3, 17, 137, 490, 951])('finds a capacity of %i between 1 and 1000 within five points', (capacity) => {
    const tried = search(1, 1000, capacity, (rate) => Math.min(rate, capacity));
    expect(tried.length).toBeLessThanOrEqual(5);
    const best = Math.max(...tried.filter(({ sustained }) => sustained).map(({ rate }) => rate));
    expect(best).toBeLessThanOrEqual(capacity);
    expect(best).toBeGreaterThan(capacity * 0.93);
  });

  test('a target that collapses under overload misleads the guess, not the result', () => {
    const tried = search(10, 1000, 400, (rate) => (rate > 400 ? 40 : rate));
    expect(tried.length).toBeLessThanOrEqual(MAX_SEARCH_POINTS);
    expect(Math.max(...tried.filter(({ sustained }) => sustained).map(({ rate }) => rate))).toBeGreaterThan(370);
  });

  test('points that do not tell cost a point each, and mislead nothing', () => {
    const tried: Tried[] = [];
    for (let rate = nextSearchRate(10, 1000, tried); rate !== undefined; rate = nextSearchRate(10, 1000, tried)) {
      tried.push({ rate, sustained: tried.length % 3 === 2 ? undefined : rate <= 80, servedRps: Math.min(rate, 76) });
    }
    const best = Math.max(...tried.filter(({ sustained }) => sustained).map(({ rate }) => rate));
    expect(best).toBeGreaterThan(74);
    expect(tried.length).toBeLessThanOrEqual(9);
  });

  test('a generator that cannot offer the upper bound: the search goes on below it', () => {
    const tried: Tried[] = [
      { rate: 10, sustained: true, servedRps: 10 },
      { rate: 1000, sustained: undefined, servedRps: 900 },
    ];
    expect(nextSearchRate(10, 1000, tried)).toBe(100);
  });

  test('ends at the bounds', () => {
    expect(search(1, 1000, 5000, (rate) => rate).map(({ rate }) => rate)).toEqual([1, 1000]);
    expect(search(10, 1000, 5, () => 5).map(({ rate }) => rate)).toEqual([10]);
    expect(search(10, 10, 50, (rate) => rate).map(({ rate }) => rate)).toEqual([10]);
  });

  test('never asks for the same rate twice, and always ends', () => {
    for (let seed = 1; seed < 200; seed++) {
      const tried = search(1, 10 * seed, seed * 3.3, (rate) => rate / ((seed % 7) + 1));
      expect(new Set(tried.map(({ rate }) => rate)).size).toBe(tried.length);
      expect(tried.length).toBeLessThanOrEqual(MAX_SEARCH_POINTS);
    }
  });
});

test('ladders go on with what is missing', () => {
  const done = [point(1, 1, { index: 0 }), point(50, 1, { index: 2 })];
  expect(listLadder([1, 10, 50])(done)).toEqual({ index: 1, rate: 10 });
  expect(listLadder([1])(done)).toBeUndefined();
  expect(searchLadder(1, 100)([])).toEqual({ index: 0, rate: 1 });
  expect(searchLadder(1, 100)([point(1, 1)])).toEqual({ index: 1, rate: 100 });
});
