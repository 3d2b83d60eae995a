/** Requests of the warm-up that succeeded after the window of their point had begun. All times are milliseconds from t0. */
export class Carried {
  readonly #sentMs: number[] = [];
  readonly #endMs: number[] = [];

  /** Those that ended while the window was open. */
  count = 0;

  add(sentMs: number, endMs: number, isOpen: boolean): void {
    if (endMs >= 0 && isOpen) this.count++;
    if (endMs <= 0) return;
    this.#sentMs.push(sentMs);
    this.#endMs.push(endMs);
  }

  /** Each as the part of its time that lies in the window, if that ends so: when it does is known last. */
  partsUntil(windowEndMs: number): number {
    return this.#endMs.reduce((sum, endMs, at) => {
      const within = Math.max(0, Math.min(endMs, windowEndMs));
      return sum + within / (endMs - (this.#sentMs[at] as number));
    }, 0);
  }
}
