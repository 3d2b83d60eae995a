import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Handshakes } from '../../../src/services/dial/handshakes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Rounds of as many handshakes as may go at once; each takes what `msOf` says of their number. */
function limitAfter(rounds: number, msOf: (open: number) => number): number {
  let now = 0;
  const handshakes = new Handshakes(() => now);
  let open = 0;
  for (let round = 0; round < rounds; round++) {
    const under = [];
    while (!handshakes.isBusy()) under.push(handshakes.begin());
    open = under.length;
    now += msOf(open);
    for (const each of under) each.end(true);
  }
  return open;
}

it('lets as many go as the network asks for, where each takes as long as one alone', () => {
  expect(limitAfter(300, () => 40)).toBe(256);
});

it('lets few go where they wait for a processor', () => {
  expect(limitAfter(300, (open) => 2 * open)).toBeLessThan(16);
});

it('goes back where more of them became slow', () => {
  let round = 0;
  expect(limitAfter(400, () => (round++ < 100 ? 40 : 400))).toBe(4);
});

it('lets many go where their times differ by what the network does', () => {
  let n = 0;
  const wait = () => 100 + ((n++ * 0.618) % 1) * 2900;
  let now = 0;
  const handshakes = new Handshakes(() => now);
  const under: { at: number; end: (made: boolean) => void }[] = [];
  // 100 connections are wanted a second; the timers run with the clock.
  let begun = 0;
  for (; now < 10_000; now += 10) {
    vi.advanceTimersByTime(10);
    for (const each of under.filter(({ at }) => at <= now)) each.end(true);
    under.splice(0, under.length, ...under.filter(({ at }) => at > now));
    while (!handshakes.isBusy() && begun < now / 10) {
      under.push({ at: now + wait(), ...handshakes.begin() });
      begun++;
    }
  }
  expect(begun).toBeGreaterThan(0.95 * 1000);
});

it('counts none for long of a server that says nothing, and lets more go', () => {
  const handshakes = new Handshakes(() => Date.now());
  const counts = Array.from({ length: 8 }, () => {
    let begun = 0;
    for (; !handshakes.isBusy(); begun++) handshakes.begin();
    vi.advanceTimersByTime(101);
    return begun;
  });
  expect(counts).toEqual([4, 8, 16, 32, 64, 128, 256, 256]);
});

it('lets few go where all of them are slow, though each takes longer than is waited for', () => {
  let now = 0;
  const handshakes = new Handshakes(() => now);
  const first = handshakes.begin();
  now = 30;
  first.end(true);
  // A processor that takes 30 ms for each, one after the other.
  let free = now;
  const under: { at: number; end: (made: boolean) => void }[] = [];
  for (; now < 20_000; now += 10) {
    vi.advanceTimersByTime(10);
    for (const each of under.filter(({ at }) => at <= now)) each.end(true);
    under.splice(0, under.length, ...under.filter(({ at }) => at > now));
    while (!handshakes.isBusy()) {
      free = Math.max(free, now) + 30;
      under.push({ at: free, ...handshakes.begin() });
    }
  }
  expect(under.length).toBeLessThan(16);
});

it('counts a handshake that ends twice, or fails, once', () => {
  const handshakes = new Handshakes(() => 0);
  const under = [1, 2, 3, 4].map(() => handshakes.begin());
  expect(handshakes.isBusy()).toBe(true);
  under[0]?.end(false);
  under[0]?.end(true);
  expect(handshakes.isBusy()).toBe(false);
  handshakes.begin();
  expect(handshakes.isBusy()).toBe(true);
});

it('lets more go where nothing but another connection would serve', () => {
  const handshakes = new Handshakes(() => 0);
  for (let i = 0; i < 4; i++) handshakes.begin();
  expect([handshakes.isBusy(), handshakes.isBusy(true)]).toEqual([true, false]);
  for (let i = 4; i < 16; i++) handshakes.begin();
  expect(handshakes.isBusy(true)).toBe(true);
});
