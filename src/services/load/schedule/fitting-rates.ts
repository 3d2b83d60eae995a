/** Requests in flight at the highest rate, if the target answers as fast then as it did a single one. */
const IN_FLIGHT = { ladder: 10, search: 100 } as const;

/** Without an answer to go by, and the most that is offered unasked: somebody else may be at work there. */
const MOST = { ladder: 50, search: 1000 } as const;
const UNKNOWN = { ladder: 10, search: 100 } as const;

/** 1, 2 and 5 of each power of ten, from 0.001 on. */
const SERIES = Array.from({ length: 7 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const DIVISOR = 1000;
/** Rates of a ladder. */
const RUNGS = 4;

/**
 * Rates for a target of which nobody said what it can do: four, each about twice the one before, up to about ten requests in
 * flight; of a search the bounds, further apart.
 *
 * @param seconds one request takes that the target has for itself, with all turns of its session; undefined: not known
 * @returns requests (or sessions) per second, ascending
 */
export function fittingRates(kind: keyof typeof MOST, seconds: number | undefined): number[] {
  const most = seconds === undefined ? UNKNOWN[kind] : Math.min(MOST[kind], IN_FLIGHT[kind] / seconds);
  const top = Math.max(
    RUNGS - 1,
    SERIES.findLastIndex((each) => each / DIVISOR <= most * (1 + 1e-9)),
  );
  const rungs = SERIES.slice(top - RUNGS + 1, top + 1).map((each) => each / DIVISOR);
  if (kind === 'ladder') return rungs;
  // A knee lies between what one request at a time comes to and the most.
  const low = SERIES.findLast((each) => each / DIVISOR <= Math.min(1, seconds === undefined ? 1 : 0.5 / seconds));
  return [(low ?? 1) / DIVISOR, (SERIES[top] as number) / DIVISOR];
}
