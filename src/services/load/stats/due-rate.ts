import type { PointSummary } from '../types.ts';

/** How requests of a timetable are spaced; absent where answers decide when they come. */
export type Spacing = 'even' | 'drawn';

/** What decides when the requests of a point come; of `turns` all but 1. */
type Coming = Readonly<Partial<Record<'arrivals' | 'varies' | 'loop' | 'turns', unknown>>>;

/** How its requests are spaced. */
export function spacingOf({ arrivals = 'constant', varies, loop, turns = 1 }: Coming): Spacing | undefined {
  if (loop !== undefined || turns !== 1) return undefined;
  return arrivals === 'constant' && varies === undefined ? 'even' : 'drawn';
}

/**
 * At what rate the requests of an open point came due, per second. Where they belong to sessions, the point's own rate is
 * that at which these begin, and each brings several requests.
 */
export function dueRps({
  rate,
  scheduled,
  durationSeconds,
  sessions,
  spacing,
}: Pick<PointSummary, 'rate' | 'scheduled' | 'durationSeconds' | 'sessions'> & { readonly spacing?: Spacing }): number {
  // As many as come at the rate, rounded up to whole ones, are spread over the window.
  const isCounted = sessions !== undefined || spacing === 'drawn';
  return isCounted && durationSeconds > 0 ? scheduled / durationSeconds : rate;
}

/**
 * Seconds that the requests of a window stand for. With even gaps the last one begins a gap that may reach beyond the
 * window: 25 requests at 10 a second come in a window of 2.45 s, and were sent at 10 a second all the same.
 */
export function coveredSeconds({
  rate,
  scheduled,
  durationSeconds,
  spacing,
}: Pick<PointSummary, 'rate' | 'scheduled' | 'durationSeconds'> & { readonly spacing?: Spacing }): number {
  if (spacing !== 'even' || durationSeconds <= 0) return durationSeconds;
  return Math.min(Math.max(durationSeconds, scheduled / rate), durationSeconds + 1 / rate);
}
