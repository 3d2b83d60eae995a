import { leastSquares, mean } from './samples-over-time.ts';

/** With so many batches a slope has a standard error that can be trusted; each needs so many samples. */
const BATCHES = 10;
const MIN_BATCH = 4;

export interface Trend {
  /** Milliseconds per millisecond: what each second of arrivals adds to the time in system, in seconds. */
  readonly slope: number;
  /** The slope in units of its standard error; 0 where there are too few samples to say. */
  readonly errors: number;
}

/**
 * Whether times grow over a window. Its standard error comes from means of consecutive requests (batch means):
 * neighbours wait in the same queue, and as single samples they would pretend to more certainty than they hold.
 *
 * @param at ascending times of arrival, milliseconds
 * @param took time in system of each, milliseconds
 */
export function trendOf(at: readonly number[], took: readonly number[]): Trend {
  const size = Math.floor(at.length / BATCHES);
  if (size < MIN_BATCH) return { slope: leastSquares(at, took)?.slope ?? 0, errors: 0 };
  const starts = Array.from({ length: BATCHES }, (_, i) => i * size);
  const xs = starts.map((from) => mean(at.slice(from, from + size)));
  const ys = starts.map((from) => mean(took.slice(from, from + size)));
  const line = leastSquares(xs, ys);
  if (line === undefined) return { slope: 0, errors: 0 };
  const meanX = mean(xs);
  const residual = ys.reduce((sum, y, i) => sum + (y - line.intercept - line.slope * (xs[i] ?? 0)) ** 2, 0);
  const spread = xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
  const error = Math.sqrt(residual / (BATCHES - 2) / spread);
  return {
    slope: line.slope,
    errors: error === 0 ? Math.sign(line.slope) * Number.POSITIVE_INFINITY : line.slope / error,
  };
}
