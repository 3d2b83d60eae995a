/** Where a simulation's chance comes from: uniform in [0, 1). */
export type Random = () => number;

/** mulberry32: reproducible, good enough for choosing words and lengths. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log-normal with the given mean; `sigma` is that of the logarithm. 0 gives the mean itself. */
export function logNormal(mean: number, sigma: number, random: Random): number {
  if (sigma === 0) return mean;
  // Box and Muller, 1958; 1 - x is never 0.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return mean * Math.exp(sigma * normal - (sigma * sigma) / 2);
}

/** By how much the time of one piece of work differs from the mean: the mean over many is 1, so capacity stays. */
export class Spread {
  readonly #sigma: number;
  readonly #random: Random;

  constructor(sigma: number, random: Random) {
    this.#sigma = sigma;
    this.#random = random;
  }

  factor(): number {
    return logNormal(1, this.#sigma, this.#random);
  }
}
