import { expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import type { PointResult } from '../../../src/services/load/sweep/offer-rate.ts';
import { sweepLoop } from '../../../src/services/load/sweep/sweep-loop.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';

/** Points that are sent and end when the test says. */
function world(rates: readonly number[]) {
  const points: PointSummary[] = [];
  const begun: { rate: number; sent(): void; end(more?: Partial<PointResult>): void; fail(error: Error): void }[] = [];
  const events: Event[] = [];
  const abort = new AbortController();
  let next = 0;
  const done = sweepLoop(
    {},
    {
      ...{ overlap: true, points, signal: abort.signal, clock: systemClock },
      emit: (event: Event) => events.push(event),
      next: () => {
        const rate = rates[next];
        return rate === undefined ? undefined : { index: next++, rate };
      },
      async begin({ index, rate }) {
        const { promise: sent, resolve } = Promise.withResolvers<void>();
        const { promise: result, resolve: end, reject: fail } = Promise.withResolvers<PointResult>();
        const point = skippedPoint(index, rate, '', new Date(0).toISOString());
        begun.push({ rate, sent: resolve, fail, end: (more = {}) => end({ point, ...more }) });
        return { sent, result };
      },
      async add(point) {
        points.push(point);
      },
    },
  );
  const offered = (...expected: number[]) => expect.poll(() => begun.map(({ rate }) => rate)).toEqual(expected);
  const at = (index: number) => begun[index] as (typeof begun)[number];
  return { done, points, at, offered, events, abort };
}

test('a point begins when the one before has sent all, and the end waits for every answer', async () => {
  const { done, points, at, offered } = world([1, 2]);
  await offered(1);
  at(0).sent();
  await offered(1, 2);
  at(1).sent();
  at(1).end();
  await expect.poll(() => points.length).toBe(1);
  at(0).end();
  expect(await done).toEqual({ finished: true });
  expect(points.map(({ index }) => index)).toEqual([1, 0]);
});

test('what ends one ends the rest: a condition, an interruption, an error', async () => {
  const met = world([1, 2]);
  await met.offered(1);
  met.at(0).end({ abortedBy: 'error-rate=50%' });
  expect(await met.done).toEqual({ finished: false, abortedBy: 'error-rate=50%' });

  const cut = world([1, 2]);
  await cut.offered(1);
  cut.abort.abort();
  cut.at(0).end();
  expect(await cut.done).toEqual({ finished: false });
  expect(cut.points).toHaveLength(1);

  const broken = world([1, 2]);
  await broken.offered(1);
  broken.at(0).fail(new Error('no disk'));
  await expect(broken.done).rejects.toThrow('no disk');
});

test('with too many open it waits, and says so', async () => {
  const { done, at, offered, events } = world([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (let index = 0; index < 8; index++) {
    await expect.poll(() => at(index)?.rate).toBe(index + 1);
    at(index).sent();
  }
  await expect.poll(() => events.length).toBe(1);
  expect(events[0]).toMatchObject({ type: 'note', level: 'warn' });
  at(3).end();
  await offered(1, 2, 3, 4, 5, 6, 7, 8, 9);
  for (const index of [0, 1, 2, 4, 5, 6, 7, 8]) at(index).end();
  expect(await done).toEqual({ finished: true });
});
