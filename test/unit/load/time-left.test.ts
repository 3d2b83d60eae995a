import { describe, expect, test } from 'vitest';
import { longestDrain } from '../../../src/services/load/schedule/arrivals.ts';
import { plannedSeconds, timeLeft } from '../../../src/services/load/sweep/time-left.ts';

const plan = {
  ...{ rates: [0.05, 0.2, 0.4], durationSeconds: 20, warmupSeconds: 2, drainSeconds: 120, timeoutSeconds: 60 },
  probeMs: 15_000,
};
const { probeMs: _, ...unprobed } = plan;

test('a plan counts a drain as long as one answer after each point, and a probe between them', () => {
  expect(plannedSeconds(plan)).toBe(3 * (22 + 15) + 2 * 15);
  expect(plannedSeconds(unprobed)).toBe(66);
  expect(plannedSeconds({ ...plan, drainSeconds: 10 })).toBe(3 * 32 + 2 * 15);
  expect([longestDrain(plan), longestDrain({ ...plan, drainSeconds: 10 })]).toEqual([60, 10]);
});

describe('what is left', () => {
  const standing = { index: 0, rate: 0.05, draining: false, elapsed: 0, inFlight: 0, servedRps: undefined };
  const later = 15 + 22 + 15;

  test('before anything is known, as long as the plan says', () => {
    const start = timeLeft(plan, { ...standing, elapsed: -2 });
    expect(start).toEqual({ seconds: plannedSeconds(plan), atMost: false, ofPoint: false });
  });

  test('sessions gather the queue of all their turns', () => {
    // 4 requests a second of 1 session a second, of which 2 are served: 20 more seconds bring 40 that wait.
    const sessions = { ...plan, rates: [1], turns: 4, durationSeconds: 40, probeMs: 100 };
    const now = { index: 0, rate: 1, draining: false, elapsed: 20, sent: 80, inFlight: 40, servedRps: 2 };
    expect(timeLeft(sessions, now).seconds).toBe(20 + 80 / 2);
  });

  test('a drain can only end earlier than its bound', () => {
    expect(timeLeft(plan, { ...standing, draining: true, elapsed: 50, inFlight: 3 })).toEqual({
      ...{ seconds: 30 + 2 * later, atMost: true, ofPoint: false },
    });
    expect(timeLeft(plan, { ...standing, index: 2, draining: true, elapsed: 200 }).seconds).toBe(0);
  });

  test('a queue foretells its drain, and those of the points above', () => {
    // At the end of the window 2 + (0.2 - 0.1) x 10 = 3 are open: 30 s at 0.1/s. Not yet three answers alone.
    const filling = { ...standing, index: 1, rate: 0.2, elapsed: 10, inFlight: 2, servedRps: 0.1 };
    expect(timeLeft(plan, filling).seconds).toBeCloseTo(10 + 30 + later, 6);
    // 5 + 1 = 6 open: 60 s, a queue. 0.4/s gathers (0.4 - 0.1) x 22 = 6.6 more than it serves: 66 s, 60 s at most.
    expect(timeLeft(plan, { ...filling, inFlight: 5 }).seconds).toBeCloseTo(10 + 60 + 15 + 22 + 60, 6);
  });

  test('without a probe the drain is what the answers so far foretell', () => {
    const fast = { ...standing, rate: 100, elapsed: 15, inFlight: 4, servedRps: 100 };
    expect(timeLeft(unprobed, fast).seconds).toBeCloseTo(5 + 0.04 + 44, 6);
    expect(timeLeft(unprobed, standing).seconds).toBe(66 - 2);
  });

  test('a search tells of the point alone', () => {
    const search = { low: 0.05, high: 0.4, maxPoints: 10 };
    expect(timeLeft({ ...plan, search }, standing)).toEqual({ seconds: 35, atMost: false, ofPoint: true });
  });
});
