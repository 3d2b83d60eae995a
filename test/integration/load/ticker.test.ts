import { expect, onTestFinished, test } from 'vitest';
import { steadyNow } from '../../../src/services/load/engine/steady-clock.ts';
import { Ticker } from '../../../src/services/load/engine/ticker.ts';
import { intendedMs } from '../../../src/services/load/schedule/arrivals.ts';

function open(): Ticker {
  const ticker = new Ticker();
  onTestFinished(() => ticker.close());
  return ticker;
}

test.each([50, 1000, 7000, 9300])(
  'at %i per second the last request is ticked for, and none before it is due',
  async (rate) => {
    for (const end of [1, 2, 17, 50]) {
      const ticker = open();
      // That its thread is there wakes its owner, too.
      await ticker.ready;
      const t0 = steadyNow() + 30;
      const first = await new Promise<number>((resolve) => {
        let began: number | undefined;
        ticker.start({ t0, rate, first: 0, end: Math.min(end, rate / 5) }, () => {
          const now = steadyNow();
          began ??= now;
          if (now >= t0 + intendedMs(Math.min(end, rate / 5) - 1, rate)) resolve(began);
        });
      });
      expect(first).toBeGreaterThanOrEqual(t0);
    }
  },
);

test('a stopped schedule ticks no more, and the thread takes the next one', async () => {
  const ticker = open();
  let ticks = 0;
  ticker.start({ t0: steadyNow(), rate: 200, first: 0, end: 10_000 }, () => ticks++);
  await expect.poll(() => ticks).toBeGreaterThan(3);
  ticker.stop();
  const before = ticks;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ticks).toBe(before);
  ticker.start({ t0: steadyNow(), rate: 200, first: 0, end: 10_000 }, () => ticks++);
  await expect.poll(() => ticks).toBeGreaterThan(before + 3);
  // At once, while the thread still sleeps in the one before.
  let slow = 0;
  const began = steadyNow();
  ticker.start({ t0: began, rate: 10, first: 0, end: 10_000 }, () => slow++);
  await expect.poll(() => slow).toBeGreaterThan(2);
  // The other one would have ticked twenty times as often.
  expect(slow).toBeLessThan((steadyNow() - began) / 100 + 4);
});
