import type { RequestRecord } from '../engine/request-record.ts';
import type { TimeName } from './metrics.ts';

/** Milliseconds of one request; what it has none of is absent. */
export type RequestTimes = Readonly<Partial<Record<TimeName, number>>>;

/** The times of a request that succeeded, as objectives are about them; `itl` is its largest gap. */
export function requestTimes({ latenessMs, serviceMs, ttft_ms: first, itl_ms: gaps, tpot_ms: tpot }: RequestRecord) {
  const times: Partial<Record<TimeName, number>> = {};
  if (latenessMs === undefined || serviceMs === undefined) return times;
  times.e2e = latenessMs + serviceMs;
  if (first !== undefined) {
    times.ttft = latenessMs + first;
    times['ttft-sent'] = first;
  }
  if (tpot !== undefined) times.tpot = tpot;
  const largest = gaps?.reduce((most, gap) => Math.max(most, gap), 0);
  if (largest !== undefined && gaps?.length) times.itl = largest;
  return times;
}
