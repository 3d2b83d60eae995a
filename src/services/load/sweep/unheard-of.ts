import type { RunOrder } from '../engine/protocol.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import { Timetable, timetableOf } from '../schedule/timetable.ts';
import type { Collector } from '../stats/collector.ts';

/** Whether all its requests are known before; of a closed loop and of sessions the answers decide. */
export function isTimetabled({ concurrency, turns = 1 }: Partial<Pick<RunOrder, 'concurrency' | 'turns'>>): boolean {
  return concurrency === undefined && turns === 1;
}

/**
 * Requests that a lost generator had sent, and of whose end nobody will hear. Where no timetable tells when they were due,
 * they were at the last time that is known.
 */
export function unheardOf(
  collected: Pick<Collector, 'recorded' | 'has' | 'lastEndMs'>,
  sent: number,
  order: RunOrder,
): RequestRecord[] {
  const timetable = isTimetabled(order) ? new Timetable(timetableOf(order)) : undefined;
  const lost = { class: 'generator-lost', status: 0, error: 'the generator process stopped' } as const;
  const ofLoop = order.concurrency === undefined ? {} : { idleMs: 0 };
  const missing: RequestRecord[] = [];
  for (let index = 0; missing.length + collected.recorded < sent; index++) {
    if (collected.has(index)) continue;
    const intendedMs = timetable?.dueMs(index) ?? collected.lastEndMs;
    missing.push({ index, intendedMs, ...ofLoop, outcome: 'incomplete', ...lost });
  }
  return missing;
}
