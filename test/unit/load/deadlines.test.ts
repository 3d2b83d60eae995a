import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Deadlines } from '../../../src/services/load/engine/deadlines.ts';
import { Exchange } from '../../../src/services/load/engine/exchange.ts';
import { steadyNow } from '../../../src/services/load/engine/steady-clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const request = (index: number) => new Exchange({ index, intendedMs: 0, latenessMs: 0 }, steadyNow(), undefined);

/** Requests of which each brings the next one when it expires, as the places of a closed loop do. */
function loop(places: number, boundMs: number, most: number) {
  const expired: number[] = [];
  let begun = 0;
  const begin = () => {
    if (begun < most) deadlines.add(request(begun++));
  };
  const deadlines = new Deadlines(boundMs, (exchange) => {
    exchange.done = true;
    expired.push(exchange.due.index);
    begin();
  });
  for (let place = 0; place < places; place++) begin();
  return { deadlines, expired };
}

it('expires every request once and in order, also where each brings the next', () => {
  const { deadlines, expired } = loop(2, 100, 9);
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(deadlines.open()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

it('lists what is open after some expired and brought others', () => {
  const { deadlines, expired } = loop(3, 100, 100);
  vi.advanceTimersByTime(250);
  expect(expired).toEqual([0, 1, 2, 3, 4, 5]);
  expect(deadlines.open().map(({ due }) => due.index)).toEqual([6, 7, 8]);
  expect(vi.getTimerCount()).toBe(1);
});

it('watches the oldest that is left, not the one that came while another expired', () => {
  const expired: number[] = [];
  const deadlines = new Deadlines(100, (exchange) => {
    exchange.done = true;
    expired.push(exchange.due.index);
    if (exchange.due.index === 0) deadlines.add(request(2));
  });
  deadlines.add(request(0));
  vi.advanceTimersByTime(60);
  deadlines.add(request(1));
  vi.advanceTimersByTime(110);
  expect(expired).toEqual([0, 1]);
  expect(deadlines.open().map(({ due }) => due.index)).toEqual([2]);
});

it('sets no timer where the owner closes it while a request expires', () => {
  const deadlines: Deadlines = new Deadlines(100, (exchange) => {
    exchange.done = true;
    deadlines.close();
  });
  deadlines.add(request(0));
  vi.advanceTimersByTime(100);
  expect(vi.getTimerCount()).toBe(0);
});
