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
    while (!handshakes.busy) under.push(handshakes.begin());
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

it('counts one no more that takes long, and learns nothing from it', () => {
  const handshakes = new Handshakes(() => Date.now());
  const under = [];
  while (!handshakes.busy) under.push(handshakes.begin());
  expect(under).toHaveLength(4);
  vi.advanceTimersByTime(1000);
  expect(handshakes.busy).toBe(false);
  for (const each of under) each.end(true);
  while (!handshakes.busy) under.push(handshakes.begin());
  expect(under).toHaveLength(8);
});

it('counts a handshake that ends twice, or fails, once', () => {
  const handshakes = new Handshakes(() => 0);
  const under = [1, 2, 3, 4].map(() => handshakes.begin());
  expect(handshakes.busy).toBe(true);
  under[0]?.end(false);
  under[0]?.end(true);
  expect(handshakes.busy).toBe(false);
  handshakes.begin();
  expect(handshakes.busy).toBe(true);
});
