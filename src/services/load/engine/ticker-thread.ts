import { type MessagePort, workerData } from 'node:worker_threads';
import { Timetable } from '../schedule/timetable.ts';
import { steadyNow } from './steady-clock.ts';
import { CHANGED, type NumberedSchedule, PENDING, RUNNING, type TickerMemory } from './ticker.ts';

// A thread that only sleeps until the next request is due and wakes the generator: `setTimeout` in a busy event loop is
// 1 ms late at best, a thread that blocks in Atomics.wait about 0.1 ms.

/** Waking up more often than this costs more than it gains; requests due in between go out together. */
const MIN_GAP_MS = 0.2;

const { flags, alarm, port } = workerData as TickerMemory & { readonly port: MessagePort };

port.postMessage(0);

port.on('message', ({ t0, number, ...data }: NumberedSchedule) => {
  const timetable = new Timetable(data);
  let position = timetable.first;
  let rung = Number.NEGATIVE_INFINITY;
  for (;;) {
    // Before all that is read: what changes afterwards ends the sleep.
    const changed = Atomics.load(flags, CHANGED);
    if (Atomics.load(flags, RUNNING) !== number) return;
    const due = position < timetable.end ? t0 + timetable.dueMs(position) : Number.POSITIVE_INFINITY;
    const asked = alarm[0] as number;
    const ring = asked === rung ? Number.POSITIVE_INFINITY : asked;
    const now = steadyNow();
    const next = Math.min(due, ring);
    if (next > now) {
      Atomics.wait(flags, CHANGED, changed, next - now);
      continue;
    }
    if (ring <= now) rung = ring;
    // One message at a time: a generator that is busy must not find a thousand of them afterwards.
    if (Atomics.compareExchange(flags, PENDING, 0, 1) === 0) port.postMessage(0);
    if (due > now) continue;
    const elapsed = now - t0;
    // The last one is never passed over for being close to the one before.
    const together = Math.min(timetable.end, timetable.nextAfter(elapsed + MIN_GAP_MS)) - 1;
    position = Math.max(timetable.nextAfter(elapsed), together);
  }
});
