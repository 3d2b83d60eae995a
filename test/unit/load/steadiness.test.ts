import { describe, expect, test } from 'vitest';
import { departureRate } from '../../../src/services/load/stats/collector.ts';
import { littlesLaw } from '../../../src/services/load/stats/in-flight.ts';
import { leastSquares } from '../../../src/services/load/stats/samples-over-time.ts';
import { judgeState, type SteadinessInput } from '../../../src/services/load/stats/steadiness.ts';
import { random } from '../../support/random.ts';

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
    sentMs,
    serviceMs,
    observed: { atMs, inFlight: atMs.map(open) },
    outcomes: { ...none, ok: sentMs.length },
    statuses: new Map([[200, sentMs.length]]),
    dropped: 0,
    servedRps: served(sentMs, serviceMs) ?? rate,
    ...change,
  });
}

function served(sentMs: readonly number[], serviceMs: readonly number[]) {
  return departureRate(Float64Array.from(sentMs, (sent, i) => sent + (serviceMs[i] ?? 0)));
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

  test('what hangs where everything else is fast is not told to wait longer', () => {
    const outcomes = { ...none, ok: 900, timeout: 100 };
    const hanging = (at: number) => (Math.round(at / 10) % 10 === 0 ? 3000 : 40);
    const rest = { outcomes, servedRps: 90 };
    expect(point(100, 10, hanging, rest).reason).toContain(
      '10.0 % timed out; these hang, since no other answer took longer than 40 ms',
    );
    const slow = (at: number) => (Math.round(at / 10) % 10 === 0 ? 3000 : 2000);
    expect(point(100, 10, slow, rest).reason).toContain('a longer --timeout would show more');
  });

  test('a point that ends with its requests gets no longer by its duration', () => {
    const few = { outcomes: { ...none, ok: 3 }, isCounted: true };
    const { suggestedDurationSeconds, ...state } = point(1, 3, () => 50, few);
    expect(state).toMatchObject({
      state: 'unknown',
      reason: 'only 3 requests sent; a larger --requests would show more',
    });
    expect(suggestedDurationSeconds).toBeUndefined();
  });

  test('filling: a 10 s point against a 60 s service, and how long would do', () => {
    const state = point(10, 10, () => 60_000);
    expect(state).toMatchObject({ state: 'filling', suggestedDurationSeconds: 270 });
    expect(state.inFlightSlope).toBeCloseTo(10, 0);
    expect(state.reason).toContain('--duration 270s');
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
      reason: expect.stringContaining('10.0 % were refused'),
    });
    expect(point(100, 10, () => 50, { dropped: 3 }).state).toBe('overloaded');
  });

  test('unknown: what nobody answered in time, or what failed, tells nothing of the load', () => {
    const withOutcomes = (change: Partial<typeof none>) =>
      point(100, 10, () => 50, { outcomes: { ...none, ok: 900, ...change } });
    expect(withOutcomes({ timeout: 100 })).toMatchObject({
      ...{ state: 'unknown', reason: expect.stringContaining('10.0 % timed out; a longer --timeout would show more') },
    });
    expect(withOutcomes({ incomplete: 100 })).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('10.0 % were still open when the drain ended; a longer --drain would show more'),
    });
    const failing = withOutcomes({ http_error: 100 });
    expect(failing).toMatchObject({ state: 'unknown', reason: expect.stringMatching(/10\.0 % failed$/) });
    expect(failing.suggestedDurationSeconds).toBeUndefined();
  });

  test('one refusal of a few requests is no overload, three are', () => {
    const refused = (count: number) =>
      point(1, 10, () => 50, {
        outcomes: { ...none, ok: 10 - count, http_error: count },
        statuses: new Map([[503, count]]),
      }).state;
    expect(refused(1)).toBe('unknown');
    expect(refused(3)).toBe('overloaded');
  });

  test('unknown: a few answers that last for the window', () => {
    // One of ten takes a minute: what is in flight grows all the while, and nothing is overloaded.
    const state = point(5, 60, (at) => (((at * 5) / 1000) % 10 < 1 ? 60_000 : 1000));
    expect(state.state).toBe('filling');
    expect(state.suggestedDurationSeconds).toBeGreaterThan(240);
  });

  test('unknown: growth that is certain, although nearly all is served', () => {
    expect(point(20, 60, (at) => 100 + at * 0.04).state).toBe('unknown');
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
    expect(point(1, 4, () => 5)).toMatchObject({ state: 'unknown', suggestedDurationSeconds: 20 });
    expect(point(10, 10, () => 5, { outcomes: { ...none, transport_error: 100 } })).toMatchObject({ state: 'unknown' });
  });
});

/** A point of a few requests with these response times, seconds. */
function few(rate: number, seconds: number, took: readonly number[]) {
  return point(rate, seconds, (at) => (took[Math.round((at * rate) / 1000)] ?? 0) * 1000);
}

describe('few, long answers', () => {
  test('eight that queue up behind each other, seen on a real engine: overloaded, where it was called valid', () => {
    const state = few(0.4, 20, [24.9, 30.5, 35.3, 40.7, 46.9, 47.9, 48.4, 49.2]);
    expect(state.state).toBe('overloaded');
  });

  test('eighteen, where it was called steady: 0.13/s of 0.3/s are served', () => {
    const took = [10.7, 21.3, 30.1, 35.4, 46.0, 54.3, 56.8, 62.9, 68.1, 75.0, 77.9, 86.0, 89.2, 89.0, 89.2, 87.9, 86.9];
    const state = few(0.3, 60, [...took, 87.5]);
    expect(state.state).toBe('overloaded');
    expect(state.little?.expected).toBeGreaterThan(2 * (state.little?.observed ?? 0));
  });

  test('a handful of equal ones far below the capacity is steady', () => {
    expect(few(0.1, 100, [6, 6.1, 5.9, 6, 6.2, 5.8, 6, 6.1, 5.9, 6]).state).toBe('steady');
  });

  test('never steady: longer than a quarter of the window', () => {
    const state = few(0.4, 20, [6, 6.1, 5.9, 6, 6.2, 5.8, 6, 6.1]);
    expect(state).toMatchObject({ state: 'unknown', suggestedDurationSeconds: 150 });
    expect(state.reason).toContain('answers take 6.2 s, more than a quarter of the window');
  });

  test('never steady: less served than offered', () => {
    expect(point(100, 10, () => 50, { servedRps: 94.9 })).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('answers come at 94.9/s where 100/s are offered'),
    });
    expect(point(100, 10, () => 50, { servedRps: 95.1 }).state).toBe('steady');
  });

  test('never steady: what differs too much to tell', () => {
    const state = few(
      0.2,
      100,
      Array.from({ length: 20 }, (_, i) => [1, 9, 4, 14, 2][i % 5] ?? 0),
    );
    expect(state).toMatchObject({ state: 'unknown', reason: expect.stringContaining('differ too much') });
    expect(state.suggestedDurationSeconds).toBe(300);
  });
});

test('what a target got done: neither the first answer nor a straggler counts', () => {
  const even = Float64Array.from({ length: 100 }, (_, i) => 5000 + i * 100);
  expect(departureRate(even)).toBeCloseTo(10, 6);
  expect(departureRate(even.with(99, 60_000))).toBeCloseTo(10, 6);
  expect(departureRate(Float64Array.of(2000, 1000))).toBeCloseTo(1, 6);
  expect(departureRate(Float64Array.of(5))).toBeUndefined();
  expect(departureRate(Float64Array.of(5, 5))).toBeUndefined();
});

test.each([
  [0.25, 0.997],
  [0.5, 0.922],
  [1, 0.724],
])('where answers take up to %d of the window, evenly, it is %d of the true rate', (part, low) => {
  const [count, windowMs] = [40_000, 60_000];
  const uniform = random(5);
  const ends = Float64Array.from({ length: count }, (_, i) => ((i + 0.5) / count + part * uniform()) * windowMs);
  expect((departureRate(ends) ?? 0) / (count / 60)).toBeCloseTo(low, 2);
});

describe("Little's law", () => {
  const law = (took: (at: number) => number) => {
    const at = Float64Array.from({ length: 400 }, (_, i) => i * 25);
    return littlesLaw({ at, took: at.map(took) }, 2500, 7500);
  };

  test('in equilibrium both sides are equal', () => {
    const { expected, observed, error } = law(() => 500);
    expect(expected).toBeCloseTo(20, 6);
    expect(observed).toBeCloseTo(20, 6);
    expect(error).toBeLessThan(0.1);
  });

  test('a queue that grows: what arrives will wait longer than what is there has', () => {
    const { expected, observed, error } = law((at) => 100 + at * 0.3);
    expect(expected - observed).toBeGreaterThan(2 * error);
    expect(expected - observed).toBeGreaterThan(0.1 * observed);
  });
});
