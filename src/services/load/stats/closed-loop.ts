/** When requests were sent and had ended, milliseconds since the window began. */
export interface Times {
  readonly sentMs: Float64Array;
  readonly endMs: Float64Array;
}

/**
 * Throughput of a closed loop, requests per second: each request counts with the part of its time that lies in the window.
 * To count those that begin in it, or those that end in it, is off by up to all that are open, at one end or the other.
 *
 * @param carried what requests of the warm-up add
 */
export function closedThroughput({ sentMs, endMs }: Times, carried: number, durationSeconds: number): number {
  const windowMs = durationSeconds * 1000;
  if (windowMs <= 0) return 0;
  let sum = carried;
  for (let i = 0; i < sentMs.length; i++) {
    const [sent, end] = [sentMs[i] as number, endMs[i] as number];
    sum += end <= windowMs ? 1 : Math.max(0, windowMs - sent) / (end - sent);
  }
  return sum / durationSeconds;
}

/**
 * The same of a loop without a warm-up. It begins with nothing open: those that were sent at once found no queue, and what
 * waits at the end is not made up for by what waited at the beginning. So each place counts from the end of its first
 * request on. Where places were not filled at once, or hardly one had a second request, all count.
 *
 * @param all of all requests: their first ones are the places' @param good of those that count
 */
export function coldThroughput(all: Times, good: Times, concurrency: number, durationSeconds: number): number {
  const windowMs = durationSeconds * 1000;
  const last = all.sentMs.toSorted()[concurrency - 1] ?? Number.POSITIVE_INFINITY;
  const isAtOnce = all.endMs.every((ms) => ms > last);
  let placesMs = 0;
  for (let i = 0; i < all.sentMs.length; i++) {
    if ((all.sentMs[i] as number) <= last) placesMs += Math.max(0, windowMs - (all.endMs[i] as number));
  }
  const isLater = (_: number, i: number) => (good.sentMs[i] as number) > last;
  const later = { sentMs: good.sentMs.filter(isLater), endMs: good.endMs.filter(isLater) };
  if (!isAtOnce || later.sentMs.length < concurrency / 2 || placesMs <= 0)
    return closedThroughput(good, 0, durationSeconds);
  return (concurrency * closedThroughput(later, 0, durationSeconds) * windowMs) / placesMs;
}

/**
 * The window of a point that ended because it had sent enough: until then it was full. Where all were sent at once, until
 * the last one ended.
 *
 * @param enoughMs when the last one was sent @param lastEndMs when the last one ended, milliseconds
 */
export function closedWindowMs(enoughMs: number, requests: number, concurrency: number, lastEndMs: number): number {
  return requests <= concurrency ? Math.max(enoughMs, lastEndMs) : enoughMs;
}
