/** Traces a second that a target is asked to keep where nothing else is said. */
const TRACES_PER_SECOND = 5;

/**
 * Whether the trace of a request is to be kept: one of so many that at most a few a second are, evenly spread, so that a
 * load does not flood what collects the target's traces. It depends on the request's number alone: every generator of a
 * point says the same, and so does another run of it.
 *
 * @param index of the request, negative for the warm-up
 * @param rate requests per second of the point
 */
export function isSampled(index: number, rate: number, perSecond = TRACES_PER_SECOND): boolean {
  return perSecond > 0 && Math.abs(index) % Math.ceil(Math.max(1, rate / perSecond)) === 0;
}
