/**
 * One timer for any number of requests that all have the same bound: they expire in the order in which they began, so
 * only the oldest one needs watching.
 */
export class Deadlines<T extends { readonly sentAt: number; readonly done: boolean }> {
  readonly #boundMs: number;
  readonly #now: () => number;
  readonly #expire: (entry: T) => void;
  #queue: T[] = [];
  #head = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(boundMs: number, now: () => number, expire: (entry: T) => void) {
    this.#boundMs = boundMs;
    this.#now = now;
    this.#expire = expire;
  }

  add(entry: T): void {
    // Forget what ended in the meantime: with a long bound and a high rate it would be a lot of memory.
    while (this.#queue[this.#head]?.done === true) this.#head++;
    // What is behind the head is given back now and then, not each time.
    if (this.#head > 1024 || this.#head >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#queue.push(entry);
    this.#timer ??= this.#arm(entry);
  }

  /** Everything that was added and is not done. */
  open(): T[] {
    return this.#queue.slice(this.#head).filter((entry) => !entry.done);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #arm(oldest: T): NodeJS.Timeout {
    return setTimeout(() => this.#check(), Math.max(1, oldest.sentAt + this.#boundMs - this.#now()));
  }

  #check(): void {
    this.#timer = undefined;
    const expired = this.#now() - this.#boundMs;
    for (; ; this.#head++) {
      const entry = this.#queue[this.#head];
      if (entry === undefined) break;
      if (entry.done) continue;
      if (entry.sentAt > expired) {
        this.#timer = this.#arm(entry);
        break;
      }
      this.#expire(entry);
    }
  }
}
