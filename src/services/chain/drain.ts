import { request } from 'undici';
import { z } from 'zod';
import { parseJson, plural } from '../words.ts';

/**
 * Requests in flight get this long when a service is told to stop, seconds: as long as `load` waits for an answer, and
 * longer than A waits for B. Stands in templates/compose, too.
 */
export const DRAIN_SECONDS = 180;

/** What a stop waits for, and how long at most. */
export function drainReason(open: number, seconds: number = DRAIN_SECONDS): string {
  return `${plural(open, 'request')} in flight: waits up to ${seconds} s`;
}

/** What a stop did not wait for any longer. */
export function cutOffText(key: string, open: number): string {
  return `${key}: ${plural(open, 'request')} in flight ${open === 1 ? 'was' : 'were'} cut off`;
}

/** What a service of the chain has in flight. */
export interface InFlight {
  readonly open: number;
  /** Whether it has been told to stop before. */
  readonly draining: boolean;
  /** How long it still waits for what is open, seconds; undefined where it does not drain, or does not tell. */
  readonly secondsLeft: number | undefined;
}

const drain = { drain_seconds_left: z.number().nonnegative().optional() };
const status = z
  .object({ in_flight: z.number(), draining: z.boolean().optional(), reason: z.string().optional(), ...drain })
  .transform(
    ({ in_flight, draining, reason, drain_seconds_left: secondsLeft }): InFlight => ({
      // The question itself is in flight, too.
      open: Math.max(0, in_flight - 1),
      draining: draining === true || reason === 'draining',
      secondsLeft,
    }),
  );
/** The simulated engine's. */
const engine = z.object({ active: z.number(), queued: z.number(), ...drain }).transform(
  ({ active, queued, drain_seconds_left: secondsLeft }): InFlight => ({
    open: active + queued,
    draining: secondsLeft !== undefined,
    secondsLeft,
  }),
);

/** Longest wait for an answer, milliseconds. */
const ANSWER_MS = 2000;

/** Reads what a service says of itself; undefined where that is something else. Pure. */
export function readInFlight(text: string): InFlight | undefined {
  return status.or(engine).safeParse(parseJson(text)).data;
}

/** Asks for `/health` of A or B, the proxy's `/-/proxy` or the engine's `/sim/stats`; undefined where nothing answers. */
export async function askInFlight(url: string): Promise<InFlight | undefined> {
  try {
    const { body } = await request(url, {
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
      reset: true,
      signal: AbortSignal.timeout(2 * ANSWER_MS),
    });
    return readInFlight(await body.text());
  } catch {
    return undefined;
  }
}
