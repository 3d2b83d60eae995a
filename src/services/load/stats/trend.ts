import type { Arrivals } from './in-flight.ts';
import { leastSquares, mean } from './samples-over-time.ts';

/** With so many batches a slope has a standard error that can be trusted. */
const BATCHES = 10;

interface Trend {
  /** Milliseconds per millisecond: what each second of arrivals adds to the time in system, in seconds. */
  readonly slope: number;
  /** Its standard error. */
  readonly error: number;
}

/**
 * Whether times grow over a window: least squares through means of consecutive requests (batch means). Neighbours wait
 * in the same queue, and as single samples they would pretend to more certainty than they hold.
 *
 * @param at ascending times of arrival, milliseconds; at least 50
 * @param took time in system of each, milliseconds
 */
export function batchTrend({ at, took }: Arrivals): Trend {
  const size = Math.floor(at.length / BATCHES);
  const starts = Array.from({ length: BATCHES }, (_, i) => i * size);
  const xs = starts.map((from) => mean(at.subarray(from, from + size)));
  const ys = starts.map((from) => mean(took.subarray(from, from + size)));
  const line = leastSquares(xs, ys);
  if (line === undefined) return { slope: 0, error: Number.POSITIVE_INFINITY };
  const meanX = mean(xs);
  const residual = ys.reduce((sum, y, i) => sum + (y - line.intercept - line.slope * (xs[i] ?? 0)) ** 2, 0);
  const spread = xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
  return { slope: line.slope, error: Math.sqrt(residual / (BATCHES - 2) / spread) };
}

/**
 * The same for a handful of requests, which make no batches: Mann and Kendall's rank test of time over arrival, the
 * median of all slopes between two requests (Theil and Sen), and as its error that of a queue that only ever adds up
 * (a random walk with the steps that were seen), which is more than any steady target has.
 * Sources: Mann, Econometrica 13 (1945); Sen, JASA 63 (1968).
 *
 * @param at ascending times of arrival, milliseconds; at least 2
 * @param took time in system of each, milliseconds
 * @returns `z`: Kendall's S in standard deviations, how far later requests take longer than earlier ones, beyond chance
 */
export function rankTrend({ at, took }: Arrivals): Trend & { readonly z: number } {
  const n = at.length;
  const slopes: number[] = [];
  let s = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const rise = (took[j] ?? 0) - (took[i] ?? 0);
      const run = (at[j] ?? 0) - (at[i] ?? 0);
      s += Math.sign(rise);
      if (run > 0) slopes.push(rise / run);
    }
  }
  slopes.sort((one, other) => one - other);
  let steps = 0;
  for (let i = 1; i < n; i++) steps += ((took[i] ?? 0) - (took[i - 1] ?? 0)) ** 2;
  const span = (at[n - 1] ?? 0) - (at[0] ?? 0);
  return {
    slope: slopes[Math.floor(slopes.length / 2)] ?? 0,
    error: span > 0 ? Math.sqrt((n * steps) / (n - 1)) / span : Number.POSITIVE_INFINITY,
    z: (s - Math.sign(s)) / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18),
  };
}
