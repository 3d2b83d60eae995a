import { describe, expect, test, vi } from 'vitest';
import { createSweepControl } from '../../../src/services/load/sweep/sweep-control.ts';
import { eraseBroken, reflows } from '../../../src/ui/ink/reflow.ts';
import { keysOf, listenForKeys, sweepKeys } from '../../../src/ui/ink/sweep-keys.ts';
import type { ActiveSweep } from '../../../src/ui/ink/view-model.ts';
import { plan } from './events.ts';
import { FakeInput } from './fake-input.ts';

test('keys are letters of either case and Ctrl-C; escape sequences and the rest mean nothing', () => {
  expect(keysOf('p')).toEqual(['pause']);
  expect(keysOf('xSq\r')).toEqual(['skip', 'stop']);
  expect(keysOf('\u0003\u0003')).toEqual(['interrupt', 'interrupt']);
  expect(keysOf('\u001b[1;5s')).toEqual([]);
  expect(keysOf('\u001a')).toEqual([]);
});

test('raw mode lasts as long as somebody listens; without a terminal there is none', () => {
  const input = new FakeInput();
  const heard = vi.fn();
  const end = listenForKeys(input, heard);
  expect([input.raw, input.flowing]).toEqual([true, true]);
  input.type('p');
  input.emit('error', new Error('EIO'));
  end?.();
  expect([input.raw, input.flowing, input.eventNames()]).toEqual([false, false, []]);
  input.type('p');
  expect(heard.mock.calls).toEqual([['pause']]);
  expect(listenForKeys(Object.assign(new FakeInput(), { isTTY: false }), heard)).toBeUndefined();
});

test('a terminal that is gone is left alone', () => {
  const input = new FakeInput();
  input.setRawMode = () => {
    throw new Error('setRawMode EIO');
  };
  expect(listenForKeys(input, () => {})).toBeUndefined();
  expect(input.eventNames()).toEqual([]);
});

describe('steering a sweep', () => {
  const sweepAfter = (current: number): ActiveSweep => ({ plan, current, points: [], hosts: [] });
  function opened() {
    const input = new FakeInput();
    const operator = createSweepControl();
    const interrupt = vi.fn();
    return {
      input,
      operator,
      interrupt,
      keys: sweepKeys({ operator, stdin: input, interrupt, isOurs: () => true }),
    };
  }

  test('keys are offered only while a sweep runs that obeys them', () => {
    const { input, operator, keys } = opened();
    keys.follow(sweepAfter(0));
    expect([input.raw, keys.asked]).toEqual([false, undefined]);
    operator.onStop(() => {});
    keys.follow(sweepAfter(0));
    expect([input.raw, keys.asked]).toEqual([true, { paused: false, skipping: false, stopping: false }]);
    keys.follow(undefined);
    expect([input.raw, keys.asked]).toEqual([false, undefined]);
  });

  test('p pauses and goes on, s skips a point once, q stops, Ctrl-C interrupts each time', async () => {
    const { input, operator, interrupt, keys } = opened();
    const skipped = vi.fn();
    const stopped = vi.fn();
    operator.onStop(stopped);
    keys.follow(sweepAfter(0));
    input.type('s');
    expect(keys.asked?.skipping).toBe(false);
    operator.onSkip(skipped);
    input.type('ss');
    expect([skipped.mock.calls.length, keys.asked?.skipping]).toEqual([1, true]);
    keys.follow(sweepAfter(1));
    expect(keys.asked?.skipping).toBe(false);
    input.type('p');
    expect(keys.asked?.paused).toBe(true);
    input.type('p');
    expect(operator.paused).toBe(false);
    input.type('q');
    expect([stopped.mock.calls.length, keys.asked?.stopping]).toEqual([1, true]);
    input.type('\u0003');
    input.type('\u0003');
    expect(interrupt).toHaveBeenCalledTimes(2);
  });

  test('a process in the background does not touch the terminal', () => {
    const input = new FakeInput();
    const operator = createSweepControl();
    operator.onStop(() => {});
    const keys = sweepKeys({ operator, stdin: input, interrupt: () => {}, isOurs: () => false });
    keys.follow(sweepAfter(0));
    expect([input.raw, keys.asked]).toEqual([false, undefined]);
  });
});

test('a frame that a narrower or lower terminal has broken is erased row by row; a whole one is left to Ink', () => {
  const up = '\u001b[A\u001b[2K';
  expect(eraseBroken([50, 60, 0], { columns: 60, rows: 24 })).toBe('');
  expect(eraseBroken([50, 61, 0], { columns: 60, rows: 24 })).toBe(`${up.repeat(4)}\r\n\n\n`);
  expect(eraseBroken([1, 1, 1, 1, 1], { columns: 60, rows: 4 })).toBe(`${up.repeat(3)}\r\n\n\n`);
  expect([reflows({ TERM: 'xterm-256color' }), reflows({ TERM: 'xterm', XTERM_VERSION: 'XTerm(390)' })]).toEqual([
    true,
    false,
  ]);
  expect([reflows({ TERM: 'screen' }), reflows({ TERM: 'screen', TMUX: 'x' })]).toEqual([false, true]);
});
