import { describe, expect, it } from 'vitest';
import { closedThroughput, closedWindowMs } from '../../../src/services/load/stats/closed-loop.ts';

/** A target that takes `serviceMs` for each of `open` requests that are always there, from `fromMs` on. */
function loop(open: number, serviceMs: number, untilMs: number, fromMs = 0) {
  const sentMs: number[] = [];
  for (let at = fromMs; at < untilMs; at += serviceMs) for (let i = 0; i < open; i++) sentMs.push(at);
  return { sentMs: Float64Array.from(sentMs), endMs: Float64Array.from(sentMs.map((ms) => ms + serviceMs)) };
}

describe('the throughput of a closed loop', () => {
  it.each([1000, 950, 1049, 999.9])('is N/W in a window of %i ms that no number of rounds fills', (windowMs) => {
    expect(closedThroughput(loop(4, 100, windowMs), 0, windowMs / 1000)).toBeCloseTo(40, 6);
  });

  it('has the part of the warm-up requests that lies in the window', () => {
    // What was open at the beginning ends after 30 of its 100 ms.
    expect(closedThroughput(loop(4, 100, 1000, 30), 4 * 0.3, 1)).toBeCloseTo(40, 6);
  });

  it('is nothing where there was no window, or nothing was sent', () => {
    expect(closedThroughput(loop(4, 100, 0), 0, 0)).toBe(0);
    expect(closedThroughput(loop(4, 100, 0), 0, 1)).toBe(0);
  });
});

describe('the window of a point that has sent enough', () => {
  it('ends when the last one was sent: until then all places were full', () => {
    expect(closedWindowMs(900, 40, 4, 1000)).toBe(900);
  });

  it('ends with the last answer where all were sent at once', () => {
    expect(closedWindowMs(0, 4, 4, 1000)).toBe(1000);
  });
});
