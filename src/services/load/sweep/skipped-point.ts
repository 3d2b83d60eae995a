import type { PointSummary } from '../types.ts';

/** A point that was not offered, and why. */
export function skippedPoint(index: number, rate: number, why: string, startedAt: string): PointSummary {
  return {
    index,
    rate,
    status: 'skipped',
    validity: why,
    durationSeconds: 0,
    startedAt,
    ...{ scheduled: 0, sent: 0, dropped: 0, sentRps: 0, okRps: 0, servedRps: 0 },
    outcomes: { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 },
    errorsByClass: {},
    hosts: {},
    ...{ peakInFlight: 0, newConnections: 0, generatorCores: 0 },
    perRequestCsv: '',
  };
}
