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
  const first = at.findIndex((ms) => ms >= from);
  if (first < 0) return { at: at.subarray(0, 0), took: took.subarray(0, 0) };
  const after = at.findIndex((ms) => ms >= to);
  const end = after < 0 ? at.length : after;
  return { at: at.subarray(first, end), took: took.subarray(first, end) };
}
