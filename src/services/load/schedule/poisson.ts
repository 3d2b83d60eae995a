/**
 * Arrival times of a Poisson process that is known to bring `count` requests in `lengthMs`: exponential gaps, scaled so
 * that the next arrival after the last would fall on the end (the order statistics of a uniform sample, so the gaps are
 * independent of each other up to that scaling). The offered rate is thus exactly the one that was asked for, and two
 * points of the same rate differ only in when their requests come.
 *
 * @returns milliseconds from the beginning, ascending, all within `[0, lengthMs)`
 */
export function poissonTimes(count: number, lengthMs: number, seed: number): Float64Array {
  const times = new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT));
  const random = splitmix32(seed);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum -= Math.log(1 - random());
    times[i] = sum;
  }
  sum -= Math.log(1 - random());
  for (let i = 0; i < count; i++) times[i] = ((times[i] as number) / sum) * lengthMs;
  return times;
}

/** splitmix32 (Steele, Lea, Flood 2014, 32-bit form): small, seeded, good enough for arrival times. In [0, 1). */
export function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
  };
}
