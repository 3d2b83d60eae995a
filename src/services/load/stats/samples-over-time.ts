/** Numbers in the order in which they came, without a box for each. */
export class Column {
  #values = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** What is there so far; not a copy. */
  view(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** The least-squares line through points; undefined for less than two different x. */
export function leastSquares(xs: ArrayLike<number>, ys: ArrayLike<number>) {
  const n = Math.min(xs.length, ys.length);
  if (n < 2) return undefined;
  const meanX = mean(xs, n);
  const meanY = mean(ys, n);
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < n; i++) {
    const dx = (xs[i] ?? 0) - meanX;
    xx += dx * dx;
    xy += dx * ((ys[i] ?? 0) - meanY);
  }
  if (xx === 0) return undefined;
  const slope = xy / xx;
  return { slope, intercept: meanY - slope * meanX };
}

export function mean(values: ArrayLike<number>, length: number = values.length): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += values[i] ?? 0;
  return length === 0 ? 0 : sum / length;
}
