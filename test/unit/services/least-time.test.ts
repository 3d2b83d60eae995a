import { expect, test } from 'vitest';
import { LeastTime } from '../../../templates/services/common/least-time.ts';

test('the smallest of the latest successes, once there are three', () => {
  const least = new LeastTime();
  expect(least.at(0)).toBe(0);
  least.record(300, 0);
  least.record(200, 0);
  expect(least.at(0)).toBe(0);
  least.record(250, 0);
  expect(least.at(0)).toBe(200);
  for (let i = 0; i < 32; i++) least.record(400 + i, 1000);
  expect(least.at(1000)).toBe(400);
});

test('an estimate that nothing confirms any more is forgotten, that of a slow chain later', () => {
  const least = new LeastTime();
  for (let i = 0; i < 3; i++) least.record(50_000, 0);
  expect([least.at(109_999), least.at(110_000)]).toEqual([50_000, 0]);
  for (let i = 0; i < 3; i++) least.record(10, 300_000);
  expect([least.at(310_019), least.at(310_020)]).toEqual([10, 0]);
});

test('a slow spell shuts out whoever waits for less for seconds only', () => {
  const least = new LeastTime();
  for (const endedAt of [4000, 8000, 12_000]) least.record(4000, endedAt);
  expect([least.at(12_000), least.at(22_000)]).toEqual([4000, 0]);
});

test.each([100, 4000, 50_000, 600_000])('three successes of %i ms that follow one another count together', (ms) => {
  const least = new LeastTime();
  for (const times of [1, 2, 3]) least.record(ms, ms * times);
  expect(least.at(ms * 3)).toBe(ms);
});

test('what counts is what those took that had about as many before them', () => {
  const least = new LeastTime();
  for (let ahead = 0; ahead < 12; ahead++) least.record((ahead + 1) * 1000, 0, ahead);
  expect([0, 1].map((ahead) => least.at(0, ahead))).toEqual([0, 0]);
  // Three that had no more before them are known from here on; from 4 on, three of about as many.
  expect([2, 3, 4, 6, 10, 100].map((ahead) => least.at(0, ahead))).toEqual([1000, 1000, 3000, 4000, 6000, 1000]);
});

test('nobody is refused for a crowd that has gone', () => {
  const least = new LeastTime();
  for (let i = 0; i < 32; i++) least.record(60_000, 0, 20);
  expect(least.at(0, 20)).toBe(60_000);
  expect(least.at(0, 19)).toBe(0);
});
