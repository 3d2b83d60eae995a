/** Part of the answers that is left out at each end: queues fill and empty there, and single long answers stray. */
const ENDS = 0.1;

/**
 * At what rate answers came, per second: between the first and the last tenth of them, so that neither the time until
 * the first one nor a few stragglers count. Unlike a division by the window it does not fall with the response time,
 * and a backlog that is worked off after the window does not raise it.
 *
 * @param endedMs when each success ended, milliseconds, in any order
 * @returns undefined for less than two, or where all ended at once
 */
export function departureRate(endedMs: Float64Array): number | undefined {
  const ascending = Float64Array.from(endedMs).sort();
  const left = Math.floor(ascending.length * ENDS);
  const last = ascending.length - 1 - left;
  const seconds = ((ascending[last] ?? 0) - (ascending[left] ?? 0)) / 1000;
  return last > left && seconds > 0 ? (last - left) / seconds : undefined;
}
