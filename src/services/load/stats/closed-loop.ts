/**
 * Throughput of a closed loop, requests per second: each request counts with the part of its time that lies in the window.
 * To count those that begin in it, or those that end in it, is off by up to all that are open, at one end or the other.
 *
 * @param sentMs @param endMs of each request, milliseconds since the window began
 * @param carried what requests of the warm-up add
 */
export function closedThroughput(
  { sentMs, endMs }: { readonly sentMs: Float64Array; readonly endMs: Float64Array },
  carried: number,
  durationSeconds: number,
): number {
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
 * The window of a point that ended because it had sent enough: until then it was full. Where all were sent at once, until
 * the last one ended.
 *
 * @param enoughMs when the last one was sent @param lastEndMs when the last one ended, milliseconds
 */
export function closedWindowMs(enoughMs: number, requests: number, concurrency: number, lastEndMs: number): number {
  return requests <= concurrency ? Math.max(enoughMs, lastEndMs) : enoughMs;
}
