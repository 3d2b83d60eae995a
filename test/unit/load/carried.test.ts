import { expect, test } from 'vitest';
import { Carried } from '../../../src/services/load/engine/carried.ts';
import { closedThroughput } from '../../../src/services/load/stats/closed-loop.ts';

test('what the warm-up left counts with the part that lies in the window, wherever that ends', () => {
  const carried = new Carried();
  carried.add(-500, -100, true);
  carried.add(-100, 0, true);
  carried.add(-100, 300, false);
  expect(carried.count).toBe(1);
  expect(carried.partsUntil(1000)).toBeCloseTo(0.75, 9);
  expect(carried.partsUntil(100)).toBeCloseTo(0.25, 9);
  expect(carried.partsUntil(0)).toBe(0);
  expect(carried.partsUntil(-50)).toBe(0);
});

test('a window that ended long before its time has the throughput of full places', () => {
  // Four places of a target that takes 4 s: half of each answer lies in a window that was cut after a second.
  const carried = new Carried();
  for (let place = 0; place < 4; place++) carried.add(-2000, 2000, false);
  const none = { sentMs: new Float64Array(), endMs: new Float64Array() };
  expect(closedThroughput(none, carried.partsUntil(1000), 1)).toBeCloseTo(4 / 4, 9);
});
