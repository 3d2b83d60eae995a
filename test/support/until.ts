import { setTimeout as sleep } from 'node:timers/promises';

interface Patience {
  /** How long it may take, milliseconds; 60,000 where nothing is said. */
  readonly deadlineMs?: number;
  /** Between two looks, milliseconds. */
  readonly everyMs?: number;
  /** What to say about the last look when time is up, in addition to what it threw or returned. */
  readonly lastReason?: () => unknown;
  /** Why it can no longer come about, as soon as that is known. */
  readonly hopeless?: () => string | undefined;
}

/**
 * Looks until a condition holds, and returns what it then is. One that throws does not hold yet.
 *
 * @throws Error which names what did not come about, and the last reason, when time is up or there is no hope
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { deadlineMs = 60_000, everyMs = 50, lastReason, hopeless }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    let reason: unknown;
    try {
      const value = await condition();
      if (value) return value;
      reason = `it was ${JSON.stringify(value)}`;
    } catch (error) {
      reason = error instanceof Error ? error.message : error;
    }
    const gone = hopeless?.();
    if (gone !== undefined) throw new Error(`${what}: ${gone}`);
    if (performance.now() > deadline) {
      const more = lastReason === undefined ? '' : `; ${await lastReason()}`;
      throw new Error(`${what}: not within ${deadlineMs / 1000} s, and at last ${reason}${more}`);
    }
    await sleep(everyMs);
  }
}
