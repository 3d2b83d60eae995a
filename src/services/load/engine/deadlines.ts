import type { Exchange } from './exchange.ts';
import { steadyNow } from './steady-clock.ts';

/**
 * One timer for any number of requests that all have the same bound: they expire in the order in which they began, so
 * only the oldest one needs watching.
 */
export class Deadlines {
  readonly #boundMs: number;
  readonly #expire: (entry: Exchange) => void;
  #queue: Exchange[] = [];
  #head = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(boundMs: number, expire: (entry: Exchange) => void) {
    this.#boundMs = boundMs;
    this.#expire = expire;
  }

  add(entry: Exchange): void {
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
  open(): Exchange[] {
    return this.#queue.slice(this.#head).filter((entry) => !entry.done);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #arm(oldest: Exchange): NodeJS.Timeout {
    return setTimeout(() => this.#check(), Math.max(1, oldest.sentAt + this.#boundMs - steadyNow()));
  }

  /** Who expires may bring the next request at once: {@link add} is called within the loop, and the timer is set after it. */
  #check(): void {
    const expired = steadyNow() - this.#boundMs;
    for (;;) {
      const entry = this.#queue[this.#head];
      if (entry === undefined || (!entry.done && entry.sentAt > expired)) break;
      this.#head++;
      if (!entry.done) this.#expire(entry);
    }
    const oldest = this.#queue[this.#head];
    this.#timer = oldest && this.#arm(oldest);
  }
}
