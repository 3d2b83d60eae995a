import { expect, test } from 'vitest';
import { ReloadPace } from '../../../templates/services/common/reload-pace.ts';

test('at once as long as loads hold, ever slower while they fail or are undone, at most a minute', () => {
  const pace = new ReloadPace();
  expect(pace.waitMs(0)).toBeLessThanOrEqual(0);
  const pauses: number[] = [];
  let now = 0;
  for (let i = 0; i < 8; i++) {
    pace.loaded(now);
    pace.lost(now + 10);
    pauses.push(pace.waitMs(now + 10));
    now += 10 + pace.waitMs(now + 10);
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  pace.failed(now);
  expect(pace.waitMs(now)).toBe(60_000);
  pace.loaded(now);
  pace.lost(now + 60_001);
  expect(pace.waitMs(now + 60_001)).toBeLessThanOrEqual(0);
});

test('an unload under way is waited for', () => {
  const pace = new ReloadPace();
  pace.holdOff(500);
  expect(pace.waitMs(500)).toBe(1000);
  pace.reset();
  expect(pace.waitMs(500)).toBeLessThanOrEqual(0);
});
