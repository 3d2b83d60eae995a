/** A finding that is repeated for a while, and looked for by one at a time. */
export class Fresh<T> {
  readonly #find: () => Promise<T>;
  readonly #now: () => number;
  #last: T;
  #lastAt = -Infinity;
  #finding: Promise<T> | undefined;

  /**
   * @param first the last finding, before there is any
   * @param find never rejects
   * @param now a clock, in milliseconds
   */
  constructor(first: T, find: () => Promise<T>, now: () => number) {
    this.#last = first;
    this.#find = find;
    this.#now = now;
  }

  get last(): T {
    return this.#last;
  }

  /** @param maxAgeMs how old it may be */
  current(maxAgeMs: number): Promise<T> {
    if (this.#now() - this.#lastAt < maxAgeMs) return Promise.resolve(this.#last);
    this.#finding ??= this.#find().then((found) => {
      this.#last = found;
      this.#lastAt = this.#now();
      this.#finding = undefined;
      return found;
    });
    return this.#finding;
  }
}
