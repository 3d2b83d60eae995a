import { type Arrivals, arrivedBetween } from './arrivals-in-order.ts';
import { mean } from './samples-over-time.ts';

const GRID = 32;

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
  const { at, took } = arrivals;
  const span = to - from;
  const arrived = arrivedBetween(arrivals, from, to);
  const owed = new Float64Array(GRID + 1);
  let inFlightMs = 0;
  for (let i = 0; i < at.length; i++) {
    const sent = at[i] ?? 0;
    const end = sent + (took[i] ?? 0);
    inFlightMs += Math.max(0, Math.min(end, to) - Math.max(sent, from));
    const first = Math.max(0, Math.ceil(((sent - from) / span) * GRID));
    for (let k = first; k <= GRID; k++) {
      const left = end - (from + (span * k) / GRID);
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
