import type { Percentiles, PointSummary } from '../load/types.ts';

/** Answers from which on a percentile says something that a lower one does not; of fewer it is the slowest answer. */
const ENOUGH: Percentiles = { p50: 1, p90: 2, p95: 2, p99: 10 };
/** One or two requests come at a rate only by the clock of the window. */
const RATE_REQUESTS = 3;

/** A percentile of the response time, milliseconds; undefined where so few answers do not tell it. */
export function percentileOf({ response }: PointSummary, name: keyof Percentiles): number | undefined {
  return response === undefined || response.count < ENOUGH[name] ? undefined : response[name];
}

/** Whether a point tells at what rate it was served; nothing that succeeded is a rate of none. */
export function isServed(point: Pick<PointSummary, 'sent' | 'outcomes'> | undefined): boolean {
  return point !== undefined && (isRate(point.sent) || point.outcomes.ok === 0);
}

/** Whether so many requests have come at a rate. */
export function isRate(sent: number): boolean {
  return sent >= RATE_REQUESTS;
}
