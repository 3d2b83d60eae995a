/** First in, first out (or by a value), without moving the rest each time one is taken. */
export class Queue<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the place that it has in ascending order of `of`; behind those that are equal. */
  insert(item: T, of: (item: T) => number): void {
    const value = of(item);
    let [low, high] = [this.#head, this.#items.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (of(this.#items[middle] as T) <= value) low = middle + 1;
      else high = middle;
    }
    if (low === this.#items.length) this.#items.push(item);
    else this.#items.splice(low, 0, item);
  }

  shift(): T | undefined {
    const first = this.#items[this.#head++];
    if (this.#head > 1024 || this.#head >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
