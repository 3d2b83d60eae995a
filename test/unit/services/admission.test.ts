import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { Admission } from '../../../templates/services/common/admission.ts';
import { RequestScope } from '../../../templates/services/common/request-scope.ts';

/** One place, and work that takes at least `state.leastMs`. */
function onePlace(queue = 10) {
  const state = { leastMs: 0 };
  const admission = new Admission({ concurrency: 1, queue, leastMs: () => state.leastMs });
  return { state, admission };
}

const caller = (waitsMs?: number) =>
  new RequestScope(new EventEmitter() as ServerResponse, waitsMs === undefined ? undefined : String(waitsMs));

const HOPELESS = {
  status: 504,
  message: expect.stringMatching(
    /^deadline passed: the caller waits [\d.]+ s more and an answer takes at least 200 s$/,
  ),
};

test('who waits for less than an answer takes is refused, who names no deadline never', async () => {
  const { state, admission } = onePlace();
  state.leastMs = 200_000;
  await expect(admission.enter(caller(100_000))).rejects.toMatchObject(HOPELESS);
  expect(() => admission.checkHope(caller(100_000))).toThrow('deadline passed: ');
  expect(admission.active).toBe(0);
  expect(await admission.enter(caller())).toBe(0);
  admission.leave();
  expect(await admission.enter(caller(201_000))).toBe(0);
});

test('with nothing known nobody is refused', async () => {
  const { admission } = onePlace();
  expect(await admission.enter(caller(100_000))).toBe(0);
});

test('who has become hopeless in the queue does not get the place; the next one does', async () => {
  const { state, admission } = onePlace();
  await admission.enter(caller());
  const hopeless = admission.enter(caller(100_000));
  const next = admission.enter(caller());
  hopeless.catch(() => {});
  state.leastMs = 200_000;
  admission.leave();
  await expect(hopeless).rejects.toMatchObject(HOPELESS);
  expect(await next).toBeGreaterThanOrEqual(0);
  expect([admission.active, admission.waiting]).toEqual([1, 0]);
});

test('nobody waits in the queue any longer than there is hope', async () => {
  const { state, admission } = onePlace();
  await admission.enter(caller());
  state.leastMs = 200_000;
  await expect(admission.enter(caller(200_020))).rejects.toMatchObject(HOPELESS);
  expect([admission.active, admission.waiting]).toEqual([1, 0]);
});

test('who leaves the queue takes no place', async () => {
  const { admission } = onePlace();
  await admission.enter(caller());
  const outgoing = new EventEmitter() as ServerResponse;
  const gone = admission.enter(new RequestScope(outgoing, undefined));
  outgoing.emit('close');
  await expect(gone).rejects.toMatchObject({ status: 499 });
  admission.leave();
  expect([admission.active, admission.waiting]).toEqual([0, 0]);
});

/** Places behind a gate that the test opens. */
function gated({ concurrency = 2, queue = 2 } = {}) {
  const gate = { open: false, begun: 0, mayStart: () => gate.open, started: () => gate.begun++ };
  const admission = new Admission({ concurrency, queue, gate, leastMs: () => 200_000 });
  return { gate, admission };
}

test('who asks for a place alone passes those that wait at the gate, and is none of its business', async () => {
  const { gate, admission } = gated();
  const atGate = admission.enter(caller());
  expect([admission.waiting, admission.full, admission.fullForFree]).toEqual([1, false, false]);
  // Its deadline is nothing to the least time of the others, either.
  expect(await admission.enterFree(caller(100_000))).toBeGreaterThanOrEqual(0);
  expect([admission.active, admission.waiting, gate.begun]).toEqual([1, 1, 0]);
  gate.open = true;
  admission.pump();
  await atGate;
  expect([admission.active, gate.begun]).toEqual([2, 1]);
});

test('a queue full at the gate is no queue full for who asks for a place alone', async () => {
  const { admission } = gated();
  void admission.enter(caller()).catch(() => {});
  void admission.enter(caller()).catch(() => {});
  expect([admission.full, admission.fullForFree]).toEqual([true, false]);
  await expect(admission.enter(caller())).rejects.toMatchObject({ status: 503 });
  await admission.enterFree(caller());
  await admission.enterFree(caller());
  expect(admission.fullForFree).toBe(true);
  await expect(admission.enterFree(caller())).rejects.toMatchObject({ status: 503 });
});

test('places go in the order in which they were asked for, of whichever kind', async () => {
  const { gate, admission } = gated({ concurrency: 1, queue: 5 });
  gate.open = true;
  const order: string[] = [];
  await admission.enter(caller());
  const waiting = [
    admission.enterFree(caller()).then(() => order.push('free')),
    admission.enter(caller()).then(() => order.push('gated')),
    admission.enterFree(caller()).then(() => order.push('free again')),
  ];
  for (const each of waiting) {
    admission.leave();
    await each;
  }
  expect(order).toEqual(['free', 'gated', 'free again']);
});
