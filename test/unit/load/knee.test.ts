import { describe, expect, test } from 'vitest';
import {
  MAX_SEARCH_POINTS,
  nextSearchPoint,
  type Search,
  type Tried,
} from '../../../src/services/load/profiles/knee-search.ts';
import { listSteps } from '../../../src/services/load/profiles/list.ts';
import { searchSteps } from '../../../src/services/load/profiles/search.ts';
import { isSustained, judgeKnee } from '../../../src/services/load/stats/knee.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
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
    expect(isSustained(point(10, 0.96))).toBe(false);
    // 2.1 % of 1000 may be chance.
    expect(isSustained(point(10, 0.979))).toBeUndefined();
    expect(isSustained(point(10, 1, { contaminated: 'busy' }))).toBeUndefined();
    const cutOff = { ok: 500, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 500 };
    expect(isSustained(point(10, 1, { outcomes: cutOff }))).toBeUndefined();
    const unknown = { state: { state: 'unknown', reason: '' } } as const;
    expect(isSustained(point(10, 1, unknown))).toBeUndefined();
    expect(judgeKnee([point(10, 1), point(20, 1, filling)])).toEqual({ rate: 10, index: 10 });
    expect(judgeKnee([point(10, 1), point(20, 1, unknown), point(30, 0.5)])).toEqual({
      ...{ rate: 10, index: 10, above: 30 },
    });
    expect(judgeKnee([point(10, 1, unknown), point(20, 1, unknown)])).toBeUndefined();
  });
});

/** A search with points that have requests enough for everything. */
const bounds = (low: number, high: number): Search => ({ low, high, durationSeconds: 1000, maxDurationSeconds: 1000 });

/** Runs a search against a target that says at each point whether it is sustained, and what it got done. */
function run(search: Search, target: (rate: number, durationSeconds: number, nth: number) => Partial<Tried>): Tried[] {
  const tried: Tried[] = [];
  for (let next = nextSearchPoint(search, tried); next !== undefined; next = nextSearchPoint(search, tried)) {
    const { rate, durationSeconds } = next;
    tried.push({ ...next, sustained: undefined, servedRps: rate, ...target(rate, durationSeconds, tried.length) });
  }
  return tried;
}

test('a point that this machine spoiled is offered once more, unless it could not even be sent', () => {
  const busyOnce = run(bounds(1, 100), (rate, _, nth) => (nth === 1 ? { spoiled: true } : { sustained: rate <= 50 }));
  expect(busyOnce.slice(0, 3).map(({ rate }) => rate)).toEqual([1, 100, 100]);
  expect(busyOnce[2]?.sustained).toBe(false);
  const tooSlow = run(bounds(1, 100), (rate) => (rate > 20 ? { spoiled: true } : { sustained: true }));
  for (const { rate } of tooSlow) expect(tooSlow.filter((each) => each.rate === rate).length).toBeLessThan(3);
  const unsent = run(bounds(1, 100), (rate) => (rate > 20 ? { spoiled: true, servedRps: 20 } : { sustained: true }));
  expect(unsent.filter(({ rate }) => rate === 100)).toHaveLength(1);
  const steps = searchSteps(bounds(1, 100));
  const late = point(1, 1, { index: 0, validity: 'invalid: client-limited (late)', durationSeconds: 1000 });
  expect(steps([late])).toEqual({ index: 1, rate: 1, durationSeconds: 1000 });
  expect(steps([late, { ...late, index: 1 }])).toMatchObject({ rate: 100 });
});

/** Searches against a target of known capacity. */
function search(low: number, high: number, capacity: number, served: (rate: number) => number): Tried[] {
  return run(bounds(low, high), (rate) => ({ sustained: rate <= capacity, servedRps: served(rate) }));
}

const bestOf = (tried: readonly Tried[]) =>
  Math.max(...tried.filter(({ sustained }) => sustained).map(({ rate }) => rate));

describe('the search', () => {
  test.each([3, 17, 137, 490, 951])('finds a capacity of %i between 1 and 1000 within five points', (capacity) => {
    const tried = search(1, 1000, capacity, (rate) => Math.min(rate, capacity));
    expect(tried.length).toBeLessThanOrEqual(5);
    expect(bestOf(tried)).toBeLessThanOrEqual(capacity);
    expect(bestOf(tried)).toBeGreaterThan(capacity * 0.93);
  });

  test('a target that collapses under overload misleads the guess, not the result', () => {
    const tried = search(10, 1000, 400, (rate) => (rate > 400 ? 40 : rate));
    expect(tried.length).toBeLessThanOrEqual(MAX_SEARCH_POINTS);
    expect(bestOf(tried)).toBeGreaterThan(370);
  });

  test('points that do not tell cost a point each, and mislead nothing', () => {
    const tried = run(bounds(10, 1000), (rate, _, nth) => ({
      sustained: nth % 3 === 2 ? undefined : rate <= 80,
      servedRps: Math.min(rate, 76),
    }));
    expect(bestOf(tried)).toBeGreaterThan(74);
    expect(tried.length).toBeLessThanOrEqual(9);
  });

  test('a generator that cannot offer the upper bound: the search goes on below it', () => {
    const tried: Tried[] = [
      { rate: 10, durationSeconds: 1000, sustained: true, servedRps: 10 },
      { rate: 1000, durationSeconds: 1000, sustained: undefined, servedRps: 900 },
    ];
    expect(nextSearchPoint(bounds(10, 1000), tried)).toEqual({ rate: 100, durationSeconds: 1000 });
  });

  test('ends at the bounds', () => {
    expect(search(1, 1000, 5000, (rate) => rate).map(({ rate }) => rate)).toEqual([1, 1000]);
    expect(search(10, 1000, 5, () => 5).map(({ rate }) => rate)).toEqual([10]);
    expect(search(10, 10, 50, (rate) => rate).map(({ rate }) => rate)).toEqual([10]);
  });

  test('never asks for a rate again that told something, and always ends', () => {
    for (let seed = 1; seed < 200; seed++) {
      const tried = search(1, 10 * seed, seed * 3.3, (rate) => rate / ((seed % 7) + 1));
      expect(new Set(tried.map(({ rate }) => rate)).size).toBe(tried.length);
      expect(tried.length).toBeLessThanOrEqual(MAX_SEARCH_POINTS);
    }
  });
});

describe('a search of few, long answers', () => {
  const few: Search = { low: 0.05, high: 0.4, durationSeconds: 20, maxDurationSeconds: 600 };
  /** Serves 0.15/s; tells from 40 requests on, and at twice its capacity from the first. */
  const slow = (rate: number, durationSeconds: number) => ({
    sustained: rate > 0.3 ? false : rate * durationSeconds < 40 ? undefined : rate <= 0.15,
    servedRps: Math.min(rate, 0.15),
    wantedSeconds: 2 * durationSeconds,
  });

  test('points near the knee last until they tell, and the lowest rate is not waited for', () => {
    const tried = run(few, slow);
    expect(tried.slice(0, 3)).toMatchObject([
      { rate: 0.05, durationSeconds: 20, sustained: undefined },
      { rate: 0.4, durationSeconds: 20, sustained: false },
      { rate: 0.14, durationSeconds: 429, sustained: true },
    ]);
    expect(bestOf(tried)).toBeGreaterThan(0.15 / 1.15);
    expect(bestOf(tried)).toBeLessThanOrEqual(0.15);
    expect(Math.max(...tried.map(({ durationSeconds }) => durationSeconds))).toBeLessThanOrEqual(600);
  });

  test('a point that does not tell is offered again, for as long as it asks and the bound allows', () => {
    const shy = (rate: number, seconds: number) =>
      rate > 0.3 || rate * seconds < 70
        ? { ...slow(rate, seconds), sustained: rate > 0.3 ? false : undefined }
        : slow(rate, seconds);
    const tried = run(few, shy);
    expect(tried.slice(2, 4)).toMatchObject([
      { rate: 0.14, durationSeconds: 429, sustained: undefined },
      { rate: 0.14, durationSeconds: 600, sustained: true },
    ]);
    const bounded = run({ ...few, maxDurationSeconds: 440 }, shy);
    expect(bounded.slice(2, 4)).toMatchObject([
      { rate: 0.14, durationSeconds: 429, sustained: undefined },
      { rate: 0.128, durationSeconds: 440, sustained: undefined },
    ]);
  });

  test('where nothing tells, the lowest rate is offered for longer at the end', () => {
    const tried = run(few, (_, durationSeconds) => ({ wantedSeconds: 2 * durationSeconds }));
    expect(tried.length).toBeLessThanOrEqual(MAX_SEARCH_POINTS);
    expect(bestOf(tried)).toBe(Number.NEGATIVE_INFINITY);
    expect(run({ ...few, high: 0.05 }, (_, durationSeconds) => ({ wantedSeconds: 2 * durationSeconds }))).toMatchObject(
      [
        { durationSeconds: 20 },
        { durationSeconds: 40 },
        { durationSeconds: 80 },
        { durationSeconds: 160 },
        { durationSeconds: 320 },
        { durationSeconds: 600 },
      ],
    );
  });
});

test('ladders go on with what is missing', () => {
  const done = [point(1, 1, { index: 0 }), point(50, 1, { index: 2 })];
  expect(listSteps([1, 10, 50])(done)).toEqual({ index: 1, rate: 10 });
  expect(listSteps([1])(done)).toBeUndefined();
  expect(searchSteps(bounds(1, 100))([])).toEqual({ index: 0, rate: 1, durationSeconds: 1000 });
  expect(searchSteps(bounds(1, 100))([point(1, 1)])).toEqual({ index: 1, rate: 100, durationSeconds: 1000 });
});

test('a point that the operator cut short is not offered again', () => {
  const state = { state: 'unknown', reason: '', suggestedDurationSeconds: 5000 } as const;
  const low = point(1, 1, { durationSeconds: 1000 });
  const cut = point(100, 1, { durationSeconds: 3, state });
  const ladder = searchSteps({ ...bounds(1, 100), maxDurationSeconds: 5000 });
  expect(ladder([low, cut])).toMatchObject({ rate: 100 });
  expect(ladder([low, { ...cut, status: 'cut' }])).toMatchObject({ rate: 10, durationSeconds: 1000 });
});
