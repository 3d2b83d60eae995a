import { workerData } from 'node:worker_threads';
import { Timetable } from '../schedule/timetable.ts';
import { steadyNow } from './steady-clock.ts';
import { type NumberedSchedule, PENDING, RUNNING } from './ticker.ts';

// A thread that only sleeps until the next request is due and wakes the generator: `setTimeout` in a busy event loop is
// 1 ms late at best, a thread that blocks in Atomics.wait about 0.1 ms.

/** Waking up more often than this costs more than it gains; requests due in between go out together. */
const MIN_GAP_MS = 0.2;

const { flags, port } = workerData as { flags: Int32Array; port: import('node:worker_threads').MessagePort };

port.on('message', ({ t0, number, ...data }: NumberedSchedule) => {
  const timetable = new Timetable(data);
  for (let position = timetable.first; position < timetable.end; ) {
    const due = timetable.dueMs(position);
    const wait = t0 + due - steadyNow();
    if (wait > 0) Atomics.wait(flags, RUNNING, number, wait);
    if (Atomics.load(flags, RUNNING) !== number) return;
    const elapsed = steadyNow() - t0;
    // Woken a little early: sleep the rest.
    if (elapsed < due) continue;
    // One message at a time: a generator that is busy must not find a thousand of them afterwards.
    if (Atomics.compareExchange(flags, PENDING, 0, 1) === 0) port.postMessage(0);
    // The last one is never passed over for being close to the one before.
    const together = Math.min(timetable.end, timetable.nextAfter(elapsed + MIN_GAP_MS)) - 1;
    position = Math.max(timetable.nextAfter(elapsed), together);
  }
});
