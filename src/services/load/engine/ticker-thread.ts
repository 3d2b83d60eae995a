import { workerData } from 'node:worker_threads';
import { intendedMs, nextIndexAfter } from '../schedule/arrivals.ts';
import { steadyNow } from './steady-clock.ts';
import { type NumberedSchedule, PENDING, RUNNING } from './ticker.ts';

// A thread that only sleeps until the next request is due and wakes the generator: `setTimeout` in a busy event loop is
// 1 ms late at best, a thread that blocks in Atomics.wait about 0.1 ms.

/** Waking up more often than this costs more than it gains; requests due in between go out together. */
const MIN_GAP_MS = 0.2;

const { flags, port } = workerData as { flags: Int32Array; port: import('node:worker_threads').MessagePort };

port.on('message', ({ t0, rate, first, end, number }: NumberedSchedule) => {
  for (let index = first; index < end; ) {
    const wait = t0 + intendedMs(index, rate) - steadyNow();
    if (wait > 0) Atomics.wait(flags, RUNNING, number, wait);
    if (Atomics.load(flags, RUNNING) !== number) return;
    const elapsed = steadyNow() - t0;
    // Woken a little early: sleep the rest.
    if (elapsed < intendedMs(index, rate)) continue;
    // One message at a time: a generator that is busy must not find a thousand of them afterwards.
    if (Atomics.compareExchange(flags, PENDING, 0, 1) === 0) port.postMessage(0);
    // The last one is never passed over for being close to the one before.
    const together = Math.min(end, nextIndexAfter(elapsed + MIN_GAP_MS, rate)) - 1;
    index = Math.max(nextIndexAfter(elapsed, rate), together);
  }
});
