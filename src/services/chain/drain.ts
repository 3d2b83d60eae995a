/**
 * Requests in flight get this long when a service is told to stop, seconds: as long as `load` waits for an answer, and
 * longer than A waits for B. Stands in templates/compose, too.
 */
export const DRAIN_SECONDS = 180;

/** A count of requests, for a person. */
export function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}

/** What a stop waits for, and how long at most. */
export function drainReason(open: number, seconds: number = DRAIN_SECONDS): string {
  return `${requests(open)} in flight: waits up to ${seconds} s`;
}

/** What a stop did not wait for any longer. */
export function cutOffText(key: string, open: number): string {
  return `${key}: ${requests(open)} in flight ${open === 1 ? 'was' : 'were'} cut off`;
}
