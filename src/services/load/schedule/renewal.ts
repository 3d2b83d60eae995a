import { exponential, gamma, type Random, splitmix32 } from '../random-numbers.ts';

/**
 * Arrival times of a process with independent gaps that is known to bring `count` requests in `lengthMs`: the gaps are
 * scaled so that the next arrival after the last would fall on the end. The offered rate is thus exactly the one that was
 * asked for, and two points of the same rate differ only in when their requests come. Of a Poisson process these are the
 * order statistics of a uniform sample: what it brings when it brings so many.
 *
 * @param gap draws one; its mean does not matter
 * @returns milliseconds from the beginning, ascending, all within `[0, lengthMs)`
 */
function renewalTimes(count: number, lengthMs: number, seed: number, gap: (random: Random) => number): Float64Array {
  const times = new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT));
  const random = splitmix32(seed);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += gap(random);
    times[i] = sum;
  }
  sum += gap(random);
  for (let i = 0; i < count; i++) times[i] = ((times[i] as number) / sum) * lengthMs;
  return times;
}

/** Independent users: exponential gaps. */
export function poissonTimes(count: number, lengthMs: number, seed: number): Float64Array {
  return renewalTimes(count, lengthMs, seed, exponential);
}

/**
 * Bursts: gamma gaps, whose coefficient of variation is one over the root of the shape.
 *
 * @param shape vLLM's burstiness: 1 is Poisson, less comes in bursts, more comes evenly
 */
export function gammaTimes(count: number, lengthMs: number, seed: number, shape: number): Float64Array {
  return renewalTimes(count, lengthMs, seed, (random) => gamma(shape, random));
}
