/** Bins of a window; batches are made of neighbouring ones. */
const BINS = 256;
/** So many batches are tried: of queues, neighbours are alike for longer than short batches last. */
const BATCHES = [64, 32, 16, 8] as const;

/** A ratio of two sums over a window, with its standard error. */
export interface Ratio {
  readonly value: number;
  readonly error: number;
  /** What was divided by: requests, gaps or seconds. */
  readonly over: number;
  /** So many neighbours say as much as one that is on its own: 1 for independent ones. */
  readonly memory: number;
}

/**
 * A ratio over a window whose error is honest of what queues: means of batches, the ratio estimator (Cochran, Sampling
 * Techniques, ch. 6; batch means: Law and Kelton, ch. 9). Of several lengths of batches the largest error counts, since
 * batches that are short against the memory of a queue pretend to more certainty than they hold.
 */
export class Batches {
  readonly #windowMs: number;
  readonly #sums = new Float64Array(BINS);
  readonly #over = new Float64Array(BINS);
  #squares = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** @param atMs since the window's beginning */
  add(atMs: number, sum: number, over: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((atMs / this.#windowMs) * BINS)));
    this.#sums[bin] = (this.#sums[bin] ?? 0) + sum;
    this.#over[bin] = (this.#over[bin] ?? 0) + over;
    if (over > 0) this.#squares += (sum * sum) / over;
  }

  /** @returns undefined where there is nothing to divide by */
  ratio(): Ratio | undefined {
    const over = total(this.#over);
    if (over === 0) return undefined;
    const value = total(this.#sums) / over;
    const variance = Math.max(...BATCHES.map((batches) => this.#variance(batches, value)));
    const independent = this.#squares - value * value * over;
    const memory = independent > 0 ? Math.max(1, variance / independent) : 1;
    return { value, error: Math.sqrt(variance) / over, over, memory };
  }

  #variance(batches: number, value: number): number {
    const size = BINS / batches;
    let squares = 0;
    for (let from = 0; from < BINS; from += size) {
      let off = 0;
      for (let i = from; i < from + size; i++) off += (this.#sums[i] ?? 0) - value * (this.#over[i] ?? 0);
      squares += off * off;
    }
    return (squares * batches) / (batches - 1);
  }
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
