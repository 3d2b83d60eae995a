import { expect, test } from 'vitest';
import { closed } from '../../../src/services/load/profiles/closed.ts';
import { list } from '../../../src/services/load/profiles/list.ts';
import { endsWithRequests, NO_END_SECONDS, windowSeconds } from '../../../src/services/load/schedule/window.ts';
import { timeLeft } from '../../../src/services/load/sweep/time-left.ts';
import type { SweepPlan } from '../../../src/services/load/types.ts';

const plan = {
  ...{ rates: [20, 50], durationSeconds: 10, warmupSeconds: 0, drainSeconds: 60, timeoutSeconds: 30 },
  ...{ totalRequests: 120, estimateSeconds: 6, probeMs: 100 },
} as unknown as SweepPlan;

test.each([
  [{ durationSeconds: 10 }, 10],
  [{ durationSeconds: 10, requests: 60 }, 3],
  [{ durationSeconds: 2, requests: 60 }, 2],
  [{ durationSeconds: 10, requests: 60, turns: 3 }, 10],
  [{ durationSeconds: 10, requests: 60, loop: 'closed' as const }, 10],
])('the window of %o at 20 a second', (settings, seconds) => {
  expect(windowSeconds(settings, 20)).toBe(seconds);
});

test('the lengths of points that end with their requests are said', () => {
  expect(list.describe({ ...plan, requests: 60 })).toContain('20, 50 req/s, 1.2 s to 3 s each without warm-up');
  const loop = { ...plan, rates: [8], loop: 'closed' as const, requests: 60, durationSeconds: NO_END_SECONDS };
  expect(endsWithRequests(loop)).toBe(true);
  expect(closed.describe(loop)).toContain('60 requests each, however long they take, without warm-up, about 6 s');
  const { probeMs: _, ...unknown } = loop;
  expect(closed.describe(unknown as SweepPlan)).toContain('as long as the target makes it');
  expect(closed.describe({ ...loop, durationSeconds: 10 })).toContain('at most 60 requests each, 10 s each');
});

test('what is left of a closed loop without a duration follows from the answers', () => {
  const loop = { ...plan, rates: [8], loop: 'closed' as const, requests: 60, durationSeconds: NO_END_SECONDS };
  const standing = { index: 0, rate: 8, draining: false, elapsed: 0, inFlight: 8, servedRps: undefined };
  expect(timeLeft(loop, standing).seconds).toBeCloseTo(0.85, 2);
  expect(timeLeft(loop, { ...standing, elapsed: 2, sent: 20, servedRps: 10 }).seconds).toBeCloseTo(4.8, 2);
});
