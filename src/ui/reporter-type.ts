import type { Emit } from '../events.ts';

/** Shows events to whoever watches. `close` leaves the terminal as a shell expects it. */
export interface Reporter {
  readonly handle: Emit;
  close(): Promise<void>;
}
