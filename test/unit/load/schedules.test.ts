import { describe, expect, test } from 'vitest';
import { arrivalsWithin } from '../../../src/services/load/schedule/arrivals.ts';
import { gammaTimes, poissonTimes } from '../../../src/services/load/schedule/renewal.ts';
import { parseStages, type Stage } from '../../../src/services/load/schedule/stages.ts';
import { Timetable, timetableOf } from '../../../src/services/load/schedule/timetable.ts';
import { gammaCdf, kolmogorov } from '../../support/kolmogorov.ts';

const gapsOf = (times: ArrayLike<number>) =>
  Array.from(times, (time, i) => time - (i === 0 ? 0 : (times[i - 1] as number)));

describe('gaps between requests follow their distribution, and there are exactly as many', () => {
  test.each([0.25, 0.5, 1, 2, 10])('gamma arrivals of shape %d', (shape) => {
    const times = gammaTimes(20_000, 20_000, 42, shape);
    expect(times).toHaveLength(20_000);
    expect(Math.max(...times.subarray(19_990))).toBeLessThan(20_000);
    const gaps = gapsOf(times);
    expect(kolmogorov(gaps, (gap) => gammaCdf(shape, gap * shape))).toBeLessThan(1.95);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean / (1 / Math.sqrt(shape))).toBeCloseTo(1, 1);
  });

  test('Poisson arrivals', () => {
    const gaps = gapsOf(poissonTimes(20_000, 20_000, 42));
    expect(kolmogorov(gaps, (gap) => 1 - Math.exp(-gap))).toBeLessThan(1.95);
  });
});

describe('stages', () => {
  test.each([
    ['10-100', { durationSeconds: 60, rate: 55, stages: [{ seconds: 60, from: 10, to: 100 }] }],
    ['10,50', { durationSeconds: 60, rate: 30, stages: [stage(30, 10), stage(30, 50)] }],
    [
      '30s:0-100, 1m:100',
      { durationSeconds: 90, rate: 83.3333, stages: [{ seconds: 30, from: 0, to: 100 }, stage(60, 100)] },
    ],
  ])('%s is read', (text, staged) => {
    expect(parseStages(text, 60)).toEqual(staged);
  });

  test.each([
    ['', 'stage 1, "", is no rate and no FROM-TO'],
    ['10,30s:20', 'either all stages have a length or none has'],
    ['x:10', 'stage 1: "x" is not a duration: write for example 500ms, 10s, 2m or 1m30s'],
    ['0.05s:10', 'stage 1 is shorter than 100 ms'],
    ['0-0.01', 'all together it is not one request'],
    ['1-1000000', 'a rate may be at most 100000'],
    ['100h:1,100h:2', 'all together they take longer than 168h'],
  ])('"%s" is refused: %s', (text, why) => {
    expect(() => parseStages(text, 60)).toThrow(`--stages "${text}": ${why}`);
  });

  test.each([
    ['1s:10-20,1s:20,1s:20-10', 50],
    ['3s:1-2', 5],
    ['7s:0-100,11s:3', 383],
    ['1h:900-1234.5', 3_842_100],
  ])('%s brings no request more, however its rate is rounded', (text, count) => {
    const { rate, durationSeconds } = parseStages(text, 1);
    expect(arrivalsWithin(durationSeconds, rate)).toBe(count);
    expect(rate).toBeLessThanOrEqual(count / durationSeconds);
  });

  test.each(['constant', 'poisson', 'gamma'] as const)('%s arrivals come as the rate has it', (arrivals) => {
    const { stages, rate, durationSeconds } = parseStages('20s:0-100,10s:100,5s:20,5s:0,10s:50-10', 1);
    const settings = { rate, warmupMs: 0, durationMs: durationSeconds * 1000, stages, seed: 3, series: 0 };
    const data = timetableOf({ ...settings, arrivals, burstiness: 0.5 });
    const times = Array.from(data.times as Float64Array);
    expect(times).toHaveLength(2400);
    expect(times.every((time, i) => time >= (times[i - 1] ?? 0) && time < 50_000)).toBe(true);
    const counts = [0, 10, 20, 30, 35, 40].map((from, i, all) => {
      const to = all[i + 1] ?? 50;
      return times.filter((time) => time >= from * 1000 && time < to * 1000).length;
    });
    const expected = [250, 750, 1000, 100, 0, 300];
    // The root of the variance of a count is that of its mean, and for bursts of this shape 1.4 times as much.
    for (const [i, count] of counts.entries()) {
      const wanted = expected[i] as number;
      expect(Math.abs(count - wanted)).toBeLessThanOrEqual(arrivals === 'constant' ? 1 : 5 * Math.sqrt(wanted));
    }
  });

  test('the warm-up has the rate of the first moment, and generators share all of it', () => {
    const settings = { rate: 55, warmupMs: 2000, durationMs: 10_000, stages: [{ seconds: 10, from: 10, to: 100 }] };
    const data = { ...settings, seed: 1, series: 0 };
    expect(timetableOf(data)).toMatchObject({ first: -20, end: 550 });
    const seen = [0, 1, 2].flatMap((index) => {
      const part = new Timetable(timetableOf({ ...data, share: { index, count: 3 } }));
      return Array.from({ length: part.end - part.first }, (_, at) => part.dueMs(part.first + at));
    });
    const whole = timetableOf(data).times as Float64Array;
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from(whole));
    expect(whole[0]).toBe(-2000);
  });

  function stage(seconds: number, rate: number): Stage {
    return { seconds, from: rate, to: rate };
  }
});

test('times of a trace are the schedule', () => {
  const times = Float64Array.of(0, 5, 5, 900);
  const data = timetableOf({ rate: 4, warmupMs: 500, durationMs: 1000, times, seed: 1, series: 0 });
  expect(data).toMatchObject({ end: 4 });
  expect(data.times).toEqual(times);
});
