import type { PointSummary } from '../types.ts';

/**
 * At what rate the requests of an open point came due, per second. Where they belong to sessions, the point's own rate is
 * that at which these begin, and each brings several requests.
 */
export function dueRps({
  rate,
  scheduled,
  durationSeconds,
  sessions,
}: Pick<PointSummary, 'rate' | 'scheduled' | 'durationSeconds' | 'sessions'>): number {
  return sessions === undefined || durationSeconds <= 0 ? rate : scheduled / durationSeconds;
}
