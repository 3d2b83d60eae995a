import { describe, expect, it } from 'vitest';
import { closedThroughput, closedWindowMs, coldThroughput } from '../../../src/services/load/stats/closed-loop.ts';

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

/** A server with some slots, whose answers take 480 ms once they have one; requests wait in turn. */
function queue(open: number, slots: number, untilMs: number) {
  const [sentMs, endMs] = [Array.from({ length: open }, () => 0), [] as number[]];
  const free = Array.from({ length: slots }, () => 0);
  for (let i = 0; i < sentMs.length; i++) {
    const sent = sentMs[i] as number;
    const end = Math.max(sent, free.shift() as number) + 480;
    free.push(end);
    endMs.push(end);
    if (end < untilMs) sentMs.push(end);
  }
  return { sentMs: Float64Array.from(sentMs), endMs: Float64Array.from(endMs) };
}

describe('the throughput of a closed loop without a warm-up', () => {
  it.each([1, 2, 4])('is that of %i places where nothing waits', (open) => {
    const all = queue(open, 4, 4000);
    expect(coldThroughput(all, all, open, 4)).toBeCloseTo(open / 0.48, 6);
  });

  it.each([8, 16, 32, 64])('is what four slots can do, where %i are open and the queue begins empty', (open) => {
    const all = queue(open, 4, 4000);
    expect(coldThroughput(all, all, open, 4)).toBeCloseTo(4 / 0.48, 6);
  });

  it('counts failures as time of their place, and not as successes', () => {
    const all = queue(2, 2, 4000);
    const good = { sentMs: all.sentMs.filter((_, i) => i % 2 === 0), endMs: all.endMs.filter((_, i) => i % 2 === 0) };
    expect(coldThroughput(all, good, 2, 4)).toBeCloseTo(1 / 0.48, 6);
  });

  it('is that of all where no place had a second request, or places were filled one after another', () => {
    const once = queue(8, 8, 100);
    expect(coldThroughput(once, once, 8, 0.48)).toBeCloseTo(8 / 0.48, 6);
    const [sentMs, endMs] = [Float64Array.of(0, 10, 20, 30), Float64Array.of(5, 15, 25, 35)];
    expect(coldThroughput({ sentMs, endMs }, { sentMs, endMs }, 2, 0.04)).toBeCloseTo(100, 6);
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
