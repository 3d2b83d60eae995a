import { expect, test } from 'vitest';
import { ReadClock } from '../../../src/services/load/engine/read-clock.ts';

/** A clock whose time, rest and turns are told. */
function clockOf() {
  const state = { now: 0, idle: 0 };
  const ends: (() => void)[] = [];
  const clock = new ReadClock(
    () => state.now,
    () => state.idle,
    (then) => void ends.push(then),
  );
  return {
    clock,
    work: (ms: number) => {
      state.now += ms;
    },
    rest: (ms: number) => {
      state.now += ms;
      state.idle += ms;
    },
    endTurn: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}

test('after a rest, a read may have waited for those before it in its turn, and no longer', () => {
  const { clock, work, rest } = clockOf();
  rest(50);
  expect([clock.read(), clock.late]).toEqual([50, 0]);
  work(3);
  expect([clock.read(), clock.late]).toEqual([53, 3]);
});

test('without a rest, since the last turn began', () => {
  const { clock, work, rest, endTurn } = clockOf();
  rest(50);
  clock.read();
  work(4);
  endTurn();
  // Asking what is ready takes a moment, and is no rest.
  rest(0.05);
  clock.read();
  expect(clock.late).toBeCloseTo(4.05, 9);
  endTurn();
  rest(20);
  clock.read();
  expect(clock.late).toBe(0);
});

test('other work is a turn too: what came while records were handed over may have waited for that', () => {
  const { clock, work, rest } = clockOf();
  rest(50);
  clock.begin();
  work(7);
  clock.read();
  expect(clock.late).toBe(7);
});
