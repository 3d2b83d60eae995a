import type { RunOrder } from './protocol.ts';

/** Traces a second that a target is asked to keep where nothing else is said. */
const TRACES_PER_SECOND = 5;
/** How many requests a second a closed loop comes to is not known before: one of so many is kept. */
const CLOSED_EVERY = 200;

/** Of how many requests one is traced: at most a few a second, so that no load floods what collects the target's traces. */
export function traceEvery(
  { rate, concurrency }: Pick<RunOrder, 'rate' | 'concurrency'>,
  perSecond = TRACES_PER_SECOND,
): number {
  if (perSecond === 0) return Number.POSITIVE_INFINITY;
  return concurrency === undefined ? Math.ceil(Math.max(1, rate / perSecond)) : CLOSED_EVERY;
}

/**
 * Whether the target is asked to keep the trace of a request. It depends on the request's number alone: every generator of
 * a point says the same, and so does another run of it.
 *
 * @param index of the request, negative for the warm-up
 */
export function isSampled(index: number, every: number): boolean {
  return every !== Number.POSITIVE_INFINITY && Math.abs(index) % every === 0;
}
