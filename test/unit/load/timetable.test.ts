import { describe, expect, test } from 'vitest';
import { poissonTimes } from '../../../src/services/load/schedule/renewal.ts';
import { Timetable, timetableOf } from '../../../src/services/load/schedule/timetable.ts';

const settings = { rate: 333, warmupMs: 700, durationMs: 2000, seed: 7, series: 3 };

describe.each(['constant', 'poisson'] as const)('%s arrivals', (arrivals) => {
  test.each([1, 2, 3, 7])('%i generators send every request once, each at its time', (count) => {
    const whole = new Timetable(timetableOf({ ...settings, arrivals }));
    const seen = new Map<number, number>();
    for (let index = 0; index < count; index++) {
      const part = new Timetable(timetableOf({ ...settings, arrivals, share: { index, count } }));
      for (let position = part.first; position < part.end; position++) {
        expect(position >= 0).toBe(part.indexOf(position) >= 0);
        seen.set(part.indexOf(position), part.dueMs(position));
      }
    }
    expect(seen.size).toBe(233 + 666);
    for (let position = whole.first; position < whole.end; position++) {
      expect(seen.get(position)).toBe(whole.dueMs(position));
    }
  });

  test('the next one is the first that is not yet due', () => {
    const part = new Timetable(timetableOf({ ...settings, arrivals, share: { index: 1, count: 3 } }));
    for (let elapsed = -650; elapsed < 1900; elapsed += 13.7) {
      const next = part.nextAfter(elapsed);
      expect(part.dueMs(next)).toBeGreaterThan(elapsed);
      expect(part.dueMs(next - 1)).toBeLessThanOrEqual(elapsed);
    }
  });
});

test('Poisson arrivals: ascending, within the window, the same for a seed, exponential gaps', () => {
  const times = poissonTimes(100_000, 10_000, 42);
  expect(poissonTimes(100_000, 10_000, 42)).toEqual(times);
  expect(poissonTimes(100_000, 10_000, 43)).not.toEqual(times);
  let before = 0;
  const gaps = Array.from(times, (time) => {
    const gap = time - before;
    before = time;
    return gap;
  });
  expect(gaps.every((gap) => gap >= 0)).toBe(true);
  expect(times[0]).toBeGreaterThanOrEqual(0);
  expect(times.at(-1)).toBeLessThan(10_000);
  // Mean and standard deviation of an exponential distribution are the same.
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(mean).toBeCloseTo(0.1, 3);
  expect(deviation / mean).toBeGreaterThan(0.98);
  expect(deviation / mean).toBeLessThan(1.02);
  expect(gaps.filter((gap) => gap > mean).length / gaps.length).toBeCloseTo(Math.exp(-1), 2);
});
