/**
 * When the requests of an open loop are due. Pure, and absolute: the i-th request is intended at `t0 + i/L` whatever
 * happened to the ones before it. Negative indexes are the warm-up, which runs into the window at the same rate.
 */

/** Rounding in `rate * seconds` must not add or lose a request: 0.7 * 10 is 7.000000000000001. */
const EPSILON = 1e-9;

/** @returns milliseconds from t0 at which request `index` is due, at `rate` requests per second */
export function intendedMs(index: number, rate: number): number {
  return (index * 1000) / rate;
}

/** @returns how many requests are due in `[t0, t0 + seconds)`: every i >= 0 with i/rate < seconds */
export function arrivalsWithin(seconds: number, rate: number): number {
  return Math.max(0, Math.ceil(rate * seconds - EPSILON));
}

/** @returns how many requests are due in `[t0 - seconds, t0)`: every i < 0 with i/rate >= -seconds */
export function arrivalsBefore(seconds: number, rate: number): number {
  return Math.max(0, Math.floor(rate * seconds + EPSILON));
}

/** @returns the index of the first request that is not yet due `elapsedMs` after t0 */
export function nextIndexAfter(elapsedMs: number, rate: number): number {
  let index = Math.floor((elapsedMs * rate) / 1000) + 1;
  // The division above and the one in intendedMs round differently: settle on what intendedMs says.
  while (intendedMs(index - 1, rate) > elapsedMs) index--;
  while (intendedMs(index, rate) <= elapsedMs) index++;
  return index;
}

/** Longest drain of a point, seconds: nothing is open longer than its timeout. */
export function longestDrain(plan: { readonly drainSeconds: number; readonly timeoutSeconds: number }): number {
  return Math.min(plan.drainSeconds, plan.timeoutSeconds);
}
