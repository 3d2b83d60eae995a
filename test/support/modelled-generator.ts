import type { Progress, RunOrder } from '../../src/services/load/engine/protocol.ts';
import type { RequestRecord } from '../../src/services/load/engine/request-record.ts';
import type { LoadGenerator, PointEnd } from '../../src/services/load/generators/load-generator.ts';
import { Timetable, timetableOf } from '../../src/services/load/schedule/timetable.ts';

/** How often a generator reports, milliseconds. */
const BATCH_MS = 100;

interface Request {
  readonly index: number;
  readonly dueMs: number;
  readonly endMs: number;
}

/**
 * Offers a load to a server that is only calculated, in a time of its own: as many places, each busy for `ms` per request,
 * and a queue for the rest. What it reports is what a real one would on a machine that has nothing else to do.
 */
export function modelledServer(places: number, ms: number): LoadGenerator {
  return {
    alive: true,
    descriptorLimit: undefined,
    async run(order, onBatch) {
      return offer(served(order, places, ms), order, onBatch);
    },
    async close() {},
  };
}

/** Every request of a point, and when its answer is complete. */
function served(order: RunOrder, places: number, ms: number): Request[] {
  const timetable = new Timetable(timetableOf(order));
  const freeAt = new Array<number>(places).fill(Number.NEGATIVE_INFINITY);
  const requests: Request[] = [];
  for (let position = timetable.first; position < timetable.end; position++) {
    const dueMs = timetable.dueMs(position);
    const place = freeAt.indexOf(Math.min(...freeAt));
    const endMs = Math.max(dueMs, freeAt[place] as number) + ms;
    freeAt[place] = endMs;
    requests.push({ index: timetable.indexOf(position), dueMs, endMs });
  }
  return requests;
}

function offer(requests: readonly Request[], order: RunOrder, onBatch: Parameters<LoadGenerator['run']>[1]): PointEnd {
  const answers = requests.map(({ endMs, dueMs, ...request }) => {
    return {
      ...request,
      dueMs,
      endMs: Math.min(endMs, dueMs + order.timeoutMs),
      late: endMs > dueMs + order.timeoutMs,
    };
  });
  const measured = answers.filter(({ index }) => index >= 0);
  const last = Math.max(order.durationMs, ...answers.map(({ endMs }) => endMs)) + BATCH_MS;
  let peakInFlight = 0;
  let progress: Progress | undefined;
  for (let now = -order.warmupMs; now < last; ) {
    const before = now;
    now = Math.min(now + BATCH_MS, last);
    const inFlight = answers.filter(({ dueMs, endMs }) => dueMs <= now && endMs > now).length;
    peakInFlight = Math.max(peakInFlight, inFlight);
    progress = {
      phase: now >= order.durationMs ? 'drain' : now < 0 ? 'warmup' : 'measure',
      elapsedMs: now,
      sent: measured.filter(({ dueMs }) => dueMs <= now).length,
      ...{ dropped: 0, inFlight, peakInFlight, newConnections: peakInFlight, cpuSeconds: 0 },
    };
    const ended = measured.filter(({ endMs }) => endMs > before && endMs <= now);
    onBatch({ records: ended.map(recordOf), progress });
  }
  return { type: 'finished', progress: progress as Progress };
}

function recordOf({ index, dueMs, endMs, late }: Request & { readonly late: boolean }): RequestRecord {
  const times = { index, intendedMs: dueMs, latenessMs: 0.1, serviceMs: endMs - dueMs - 0.1 };
  if (late) return { ...times, outcome: 'timeout', class: 'timeout', status: 0, error: 'no answer in time' };
  return { ...times, outcome: 'ok', class: 'ok', status: 200, error: '', host: 'b-1' };
}
