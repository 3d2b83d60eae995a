import type { Arrivals } from './arrivals-in-order.ts';
import { leastSquares, mean } from './samples-over-time.ts';

/** So many observations are taken for the course; with fewer it is made from the records. */
const MIN_OBSERVATIONS = 5;
const GRID = 64;
/** Growth that is nothing: requests; part of the mean; standard deviations of a Poisson number. */
const GROWTH = { requests: 3, share: 0.15, deviations: 3 } as const;

export interface Course {
  /** Least squares, requests per second. */
  readonly slope: number;
  readonly mean: number;
  /** More came together over the span than chance does to a number of independent requests. */
  readonly grows: boolean;
}

/**
 * How the number in flight went between two times.
 *
 * @param observed what was seen while the point ran, warm-up requests included
 * @param from, to milliseconds
 */
export function inFlightCourse(
  observed: { readonly atMs: ArrayLike<number>; readonly inFlight: ArrayLike<number> },
  arrivals: Arrivals,
  from: number,
  to: number,
): Course {
  const { atMs, inFlight } = seenBetween(observed, from, to) ?? madeFrom(arrivals, from, to);
  const slope = (leastSquares(atMs, inFlight)?.slope ?? 0) * 1000;
  const middle = mean(inFlight);
  const chance = Math.max(GROWTH.requests, GROWTH.share * middle, GROWTH.deviations * Math.sqrt(middle));
  return { slope, mean: middle, grows: (slope * (to - from)) / 1000 > chance };
}

function seenBetween(
  observed: { readonly atMs: ArrayLike<number>; readonly inFlight: ArrayLike<number> },
  from: number,
  to: number,
) {
  const atMs: number[] = [];
  const inFlight: number[] = [];
  for (let i = 0; i < observed.atMs.length; i++) {
    const at = observed.atMs[i] ?? 0;
    if (at < from || at > to) continue;
    atMs.push(at);
    inFlight.push(observed.inFlight[i] ?? 0);
  }
  return atMs.length < MIN_OBSERVATIONS ? undefined : { atMs, inFlight };
}

function madeFrom({ at, took }: Arrivals, from: number, to: number) {
  const step = (to - from) / GRID;
  const change = new Float64Array(GRID + 2);
  const slot = (ms: number) => Math.min(GRID + 1, Math.max(0, Math.ceil((ms - from) / step)));
  for (let i = 0; i < at.length; i++) {
    const sent = at[i] ?? 0;
    const [first, after] = [slot(sent), slot(sent + (took[i] ?? 0))];
    change[first] = (change[first] ?? 0) + 1;
    change[after] = (change[after] ?? 0) - 1;
  }
  const atMs = Array.from({ length: GRID + 1 }, (_, i) => from + i * step);
  let open = 0;
  const inFlight = atMs.map((_, i) => {
    open += change[i] ?? 0;
    return open;
  });
  return { atMs, inFlight };
}
