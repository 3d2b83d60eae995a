/** Bins at the most; batches are made of neighbouring ones. */
const BINS = 256;
/** Length of the first ones, milliseconds: where they do not reach, two become one. */
const FIRST_BIN_MS = 1 / 16;
/** So many batches are tried: of queues, neighbours are alike for longer than short batches last. */
const BATCHES = [64, 32, 16, 8] as const;

/** From fewer batches that hold anything, nobody knows how much they differ. */
const LEAST_FILLED = 8;
/** As so many that are on their own everything counts then. */
const LEAST_ALONE = 4;

/** A ratio of two sums over a time, with its standard error. */
export interface Ratio {
  readonly value: number;
  readonly error: number;
  /** What was divided by: requests, gaps or seconds. */
  readonly over: number;
  /** So many neighbours say as much as one that is on its own: 1 for independent ones. */
  readonly memory: number;
}

/**
 * A ratio over a time whose error is honest of what queues: means of batches, the ratio estimator (Cochran, Sampling
 * Techniques, ch. 6; batch means: Law and Kelton, ch. 9). Of several lengths of batches the largest error counts, since
 * batches that are short against the memory of a queue pretend to more certainty than they hold. The time is what was
 * measured: how long that will be nobody knows before, so bins grow with it.
 */
export class Batches {
  readonly #sums = new Float64Array(BINS);
  readonly #over = new Float64Array(BINS);
  #binMs = FIRST_BIN_MS;
  #used = 0;
  #squares = 0;

  /** @param atMs since the beginning; what comes before it counts as its first */
  add(atMs: number, sum: number, over: number): void {
    while (atMs >= this.#binMs * BINS) this.#fold();
    const bin = Math.max(0, Math.floor(atMs / this.#binMs));
    this.#used = Math.max(this.#used, bin + 1);
    this.#sums[bin] = (this.#sums[bin] ?? 0) + sum;
    this.#over[bin] = (this.#over[bin] ?? 0) + over;
    if (over > 0) this.#squares += (sum * sum) / over;
  }

  /** @returns undefined where there is nothing to divide by */
  ratio(): Ratio | undefined {
    const over = total(this.#over);
    if (over === 0) return undefined;
    const value = total(this.#sums) / over;
    const independent = Math.max(0, this.#squares - value * value * over);
    if (this.#filled() < LEAST_FILLED) {
      const memory = Math.max(1, over / LEAST_ALONE);
      return { value, error: Math.sqrt(independent * memory) / over, over, memory };
    }
    const variance = Math.max(...BATCHES.map((batches) => this.#variance(batches, value)));
    const memory = independent > 0 ? Math.max(1, variance / independent) : 1;
    return { value, error: Math.sqrt(variance) / over, over, memory };
  }

  /** Two neighbours become one, of twice the length. */
  #fold(): void {
    for (const bins of [this.#sums, this.#over]) {
      for (let i = 0; i < BINS / 2; i++) bins[i] = (bins[2 * i] ?? 0) + (bins[2 * i + 1] ?? 0);
      bins.fill(0, BINS / 2);
    }
    this.#binMs *= 2;
    this.#used = Math.ceil(this.#used / 2);
  }

  #variance(batches: number, value: number): number {
    const of = this.#over.map((over, i) => (this.#sums[i] ?? 0) - value * over);
    const squares = this.#batched(of, batches).reduce((sum, off) => sum + off * off, 0);
    return (squares * batches) / (batches - 1);
  }

  #filled(): number {
    return this.#batched(this.#over, BATCHES[0]).filter((over) => over > 0).length;
  }

  /** Sums of so many neighbouring parts of the time that was measured, of about the same length. */
  #batched(bins: Float64Array, batches: number): number[] {
    const edge = (batch: number) => Math.round((batch * this.#used) / batches);
    return Array.from({ length: batches }, (_, batch) => total(bins.subarray(edge(batch), edge(batch + 1))));
  }
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
