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
