/** Time as services see it, so that tests can hold it. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. For timestamps only: it may step. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. For every duration. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
