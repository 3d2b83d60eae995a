import { leastSquares, mean } from './samples-over-time.ts';

/** The requests of a point in the order of their arrival; milliseconds since the window began, and in system. */
export interface Arrivals {
  readonly at: Float64Array;
  readonly took: Float64Array;
}

/** Records come in the order in which requests ended. */
export function arrivalsInOrder(sentMs: ArrayLike<number>, serviceMs: ArrayLike<number>): Arrivals {
  const order = Uint32Array.from({ length: sentMs.length }, (_, i) => i).sort(
    (one, other) => (sentMs[one] ?? 0) - (sentMs[other] ?? 0),
  );
  return {
    at: Float64Array.from(order, (i) => sentMs[i] ?? 0),
    took: Float64Array.from(order, (i) => serviceMs[i] ?? 0),
  };
}

/** Those that arrived from one time to before another; shares the memory. */
export function arrivedBetween({ at, took }: Arrivals, from: number, to: number): Arrivals {
  const placeOf = (begin: number) => {
    const place = at.findIndex((ms) => ms >= begin);
    return place < 0 ? at.length : place;
  };
  const [first, end] = [placeOf(from), placeOf(to)];
  return { at: at.subarray(first, end), took: took.subarray(first, end) };
}

/** So many observations are taken for the course; with fewer it is made from the records. */
const MIN_OBSERVATIONS = 5;
/** Growth that is nothing: requests; part of the mean; standard deviations of a Poisson number. */
const GROWTH = { requests: 3, share: 0.15, deviations: 3 } as const;

/** What was in flight when, milliseconds. */
export interface InFlight {
  readonly atMs: ArrayLike<number>;
  readonly inFlight: ArrayLike<number>;
}

/**
 * How the number in flight went between two times.
 *
 * @param observed what was seen while the point ran, warm-up requests included
 * @param from, to milliseconds
 * @returns `slope`: least squares, requests per second; `grows`: more came together over the span than chance does to a
 *   number of independent requests
 */
export function inFlightCourse(observed: InFlight, arrivals: Arrivals, from: number, to: number) {
  const { atMs, inFlight } = seenBetween(observed, from, to) ?? madeFrom(arrivals, from, to);
  const slope = (leastSquares(atMs, inFlight)?.slope ?? 0) * 1000;
  const middle = mean(inFlight);
  const chance = Math.max(GROWTH.requests, GROWTH.share * middle, GROWTH.deviations * Math.sqrt(middle));
  return { slope, mean: middle, grows: (slope * (to - from)) / 1000 > chance };
}

function seenBetween({ atMs, inFlight }: InFlight, from: number, to: number): InFlight | undefined {
  const seen = Array.from(atMs, (at, i) => ({ at, open: inFlight[i] ?? 0 })).filter(({ at }) => at >= from && at <= to);
  if (seen.length < MIN_OBSERVATIONS) return undefined;
  return { atMs: seen.map(({ at }) => at), inFlight: seen.map(({ open }) => open) };
}

const COURSE_GRID = 64;

function madeFrom({ at, took }: Arrivals, from: number, to: number): InFlight {
  const step = (to - from) / COURSE_GRID;
  const change = new Float64Array(COURSE_GRID + 2);
  const slot = (ms: number) => Math.min(COURSE_GRID + 1, Math.max(0, Math.ceil((ms - from) / step)));
  for (const [i, sent] of at.entries()) {
    const [first, after] = [slot(sent), slot(sent + (took[i] ?? 0))];
    change[first] = (change[first] ?? 0) + 1;
    change[after] = (change[after] ?? 0) - 1;
  }
  let open = 0;
  const inFlight = change.subarray(0, COURSE_GRID + 1).map((each) => (open += each));
  return { atMs: inFlight.map((_, i) => from + i * step), inFlight };
}

const LITTLE_GRID = 32;

/** Little's law over a span: `L = lambda W`, which holds of a system that is in equilibrium (Little 1961). */
export interface LittleFigures {
  /** Arrival rate x mean time in system of what arrived in the span: requests. */
  readonly expected: number;
  /** What was in flight on the mean of the span: requests. */
  readonly observed: number;
  /** Standard error of their difference, requests. */
  readonly error: number;
}

/**
 * The two sides differ by what was still owed to the requests in flight at one end of the span against the other:
 * of a system in equilibrium two draws of the same quantity, so its spread over the span tells what chance does.
 *
 * @param from, to milliseconds
 */
export function littlesLaw(arrivals: Arrivals, from: number, to: number): LittleFigures {
  const span = to - from;
  const arrived = arrivedBetween(arrivals, from, to);
  const owed = new Float64Array(LITTLE_GRID + 1);
  let inFlightMs = 0;
  for (const [i, sent] of arrivals.at.entries()) {
    const end = sent + (arrivals.took[i] ?? 0);
    inFlightMs += Math.max(0, Math.min(end, to) - Math.max(sent, from));
    const first = Math.max(0, Math.ceil(((sent - from) / span) * LITTLE_GRID));
    for (let k = first; k <= LITTLE_GRID; k++) {
      const left = end - (from + (span * k) / LITTLE_GRID);
      if (left <= 0) break;
      owed[k] = (owed[k] ?? 0) + left;
    }
  }
  const meanOwed = mean(owed);
  const variance = mean(owed.map((each) => (each - meanOwed) ** 2));
  return {
    expected: (arrived.took.length * mean(arrived.took)) / span,
    observed: inFlightMs / span,
    error: Math.sqrt(2 * variance) / span,
  };
}
