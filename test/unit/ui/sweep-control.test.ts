import { expect, test, vi } from 'vitest';
import { createSweepControl } from '../../../src/services/load/sweep/sweep-control.ts';

const never = () => new AbortController().signal;

test('a pause lasts until it is taken back, the sweep is stopped or aborted', async () => {
  const control = createSweepControl();
  await control.waitWhilePaused(never());
  const ends = [
    () => control.togglePause(),
    () => aborter.abort(new Error('interrupted')),
    () => control.stop(),
  ] as const;
  const aborter = new AbortController();
  for (const [index, end] of ends.entries()) {
    if (!control.paused) control.togglePause();
    let over = false;
    const waiting = control.waitWhilePaused(index === 1 ? aborter.signal : never()).then(() => {
      over = true;
    });
    await Promise.resolve();
    expect(over).toBe(false);
    end();
    await waiting;
  }
  expect([control.paused, control.stopped]).toEqual([false, true]);
  control.togglePause();
  expect(control.paused).toBe(false);
});

test('a skip reaches who listens now; a stop is also heard by who comes late, and once', () => {
  const control = createSweepControl();
  const [skip, stop, late] = [vi.fn(), vi.fn(), vi.fn()];
  expect([control.attended, control.skip()]).toEqual([false, false]);
  const off = control.onSkip(skip);
  control.onStop(stop);
  expect([control.attended, control.skip()]).toEqual([true, true]);
  off();
  expect(control.skip()).toBe(false);
  expect(skip).toHaveBeenCalledTimes(1);
  control.stop();
  control.stop();
  control.onStop(late);
  expect([stop.mock.calls.length, late.mock.calls.length]).toEqual([1, 1]);
});
