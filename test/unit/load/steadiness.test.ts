import { describe, expect, test } from 'vitest';
import { leastSquares } from '../../../src/services/load/stats/samples-over-time.ts';
import { judgeState, type SteadinessInput } from '../../../src/services/load/stats/steadiness.ts';

const none = { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 };

/** A target that takes `took(arrival)` milliseconds; what is in flight is seen four times a second. */
function point(rate: number, seconds: number, took: (atMs: number) => number, change: Partial<SteadinessInput> = {}) {
  const sentMs = Array.from({ length: rate * seconds }, (_, i) => (i * 1000) / rate);
  const serviceMs = sentMs.map(took);
  const atMs = Array.from({ length: seconds * 4 }, (_, i) => i * 250 + 7);
  const open = (at: number) => sentMs.filter((sent, i) => sent <= at && sent + (serviceMs[i] ?? 0) > at).length;
  return judgeState({
    rate,
    durationSeconds: seconds,
    warmupSeconds: 0,
    sentMs,
    serviceMs,
    censored: sentMs.map(() => 0),
    observed: { atMs, inFlight: atMs.map(open) },
    outcomes: { ...none, ok: sentMs.length },
    statuses: new Map([[200, sentMs.length]]),
    dropped: 0,
    ...change,
  });
}

test('least squares', () => {
  expect(leastSquares([0, 1, 2, 3], [1, 3, 5, 7])).toEqual({ slope: 2, intercept: 1 });
  expect(leastSquares([1, 1], [1, 2])).toBeUndefined();
  expect(leastSquares([1], [1])).toBeUndefined();
});

describe('the state of a point', () => {
  test("steady: Little's law holds and nothing grows", () => {
    const state = point(100, 10, () => 500);
    expect(state).toMatchObject({ state: 'steady', little: { expected: 50 } });
    expect(state.little?.observed).toBeCloseTo(50, 0);
    expect(Math.abs(state.inFlightSlope ?? 9)).toBeLessThan(0.5);
    expect(state.reason).toMatch(/^in flight ±0\/s|^in flight [+-]0\.\d\/s/);
  });

  test('filling: a 10 s point against a 60 s service, and how long would do', () => {
    const state = point(10, 10, () => 60_000);
    expect(state).toMatchObject({ state: 'filling', suggestedDurationSeconds: 240 });
    expect(state.inFlightSlope).toBeCloseTo(10, 0);
    expect(state.reason).toContain('--duration 240s');
    // With a warm-up of half a minute the first half of it is there already.
    expect(point(10, 10, () => 60_000, { warmupSeconds: 30 }).suggestedDurationSeconds).toBe(120);
  });

  test('overloaded: whoever comes later waits longer', () => {
    // 100 per second, of which 80 are served: after t seconds 20 t wait, for 20 t / 80 seconds.
    const state = point(100, 10, (at) => 50 + at * 0.25);
    expect(state.state).toBe('overloaded');
    expect(state.inFlightSlope).toBeGreaterThan(15);
    expect(state.inFlightSlope).toBeLessThan(25);
  });

  test('overloaded although nothing grows: shed, or no place', () => {
    const outcomes = { ...none, ok: 900, http_error: 100 };
    const statuses = new Map([
      [200, 900],
      [503, 100],
    ]);
    expect(point(100, 10, () => 50, { outcomes, statuses })).toMatchObject({
      state: 'overloaded',
      reason: expect.stringContaining('10.0 % were refused or timed out'),
    });
    const late = { ...none, ok: 100, timeout: 900 };
    expect(point(100, 10, () => 60_000, { outcomes: late })).toMatchObject({
      state: 'overloaded',
      reason: expect.stringContaining('90.0 % were refused or timed out'),
    });
    expect(point(100, 10, () => 60_000, { outcomes: { ...none, ok: 100, incomplete: 900 } }).state).toBe('filling');
    expect(point(100, 10, () => 50, { dropped: 3 }).state).toBe('overloaded');
  });

  test('overloaded: a short point that has gathered too little in flight to tell', () => {
    // 92 per second offered to what serves 80: in 3 s no more is waiting than chance could bring.
    const state = point(92, 3, (at) => 300 + at * 0.15 + 5 * Math.sin(at));
    expect(state).toMatchObject({ state: 'overloaded', reason: expect.stringMatching(/waits 15\d ms longer$/) });
    expect(point(79, 3, () => 300).state).toBe('steady');
    expect(point(79, 3, (at) => 300 + at * 0.01).state).toBe('steady');
  });

  test('steady: times that are spread widely, and grow by chance', () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return (seed + 0.5) / 2 ** 32;
    };
    const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    for (let n = 0; n < 40; n++) expect(point(80, 10, () => 300 * Math.exp(normal())).state).not.toBe('overloaded');
  });

  test('a quarter of a second of noise is no trend', () => {
    const state = point(50, 10, (at) => 200 + 150 * Math.sin(at / 100));
    expect(state.state).toBe('steady');
  });

  test('without observations the course is made from the records', () => {
    const observed = { atMs: [], inFlight: [] };
    expect(point(100, 10, () => 500, { observed })).toMatchObject({ state: 'steady' });
    expect(point(10, 10, () => 60_000, { observed }).state).toBe('filling');
  });

  test('unknown: too few, or no success', () => {
    expect(point(1, 8, () => 5)).toMatchObject({ state: 'unknown', suggestedDurationSeconds: 20 });
    expect(point(10, 10, () => 5, { outcomes: { ...none, transport_error: 100 } })).toMatchObject({ state: 'unknown' });
  });
});
