import { splitmix32 } from '../../src/services/load/random-numbers.ts';

/** Random numbers that are the same in every run. */
export interface Draws {
  /** @returns a log-normal number: `sigma` is the standard deviation of its logarithm */
  logNormal(median: number, sigma: number): number;
}

/** Normal numbers are Box and Muller's. */
export function draws(seed: number): Draws {
  const uniform = splitmix32(seed);
  // Never the logarithm of 0.
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { logNormal: (median, sigma) => median * Math.exp(sigma * normal()) };
}
