export interface RemoteWindowOptions {
  /** Requests that may be past admission at the beginning. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/**
 * How many requests A may have begun and not finished, B's part included. A request that waits in A's queue has cost
 * nothing, one that B refuses has cost A's model a run: so the place to wait is before A's model, and the window is what
 * keeps the rest there. It grows while B takes everything (doubling until B's first refusal, then by one per window)
 * and shrinks by a tenth when B says that it is full: additive increase, multiplicative decrease, as in TCP (RFC 5681).
 * Requests that B refused are held and sent again; while any is held, nothing new begins.
 */
export class RemoteWindow {
  readonly #options: RemoteWindowOptions;
  #limit: number;
  #begun = 0;
  #everRefused = false;
  #lastCut = -Infinity;
  readonly #held = new Set<() => void>();

  constructor(options: RemoteWindowOptions) {
    this.#options = options;
    this.#limit = options.initial;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get begun(): number {
    return this.#begun;
  }

  get held(): number {
    return this.#held.size;
  }

  mayStart(): boolean {
    return this.#held.size === 0 && this.#begun < this.limit;
  }

  started(): void {
    this.#begun++;
  }

  ended(): void {
    this.#begun--;
  }

  /** B answered a request: it has a place again, which goes to who has waited longest. */
  accepted(): void {
    // Only a window that was in use has proven anything.
    if (this.#begun >= this.#limit * 0.9) {
      const step = this.#everRefused ? 1 / this.#limit : 1;
      this.#limit = Math.min(this.#options.max, this.#limit + step);
    }
    const [first] = this.#held;
    first?.();
  }

  /** B refused. At most one cut a second: refusals come in bursts and mean one thing. `now` in milliseconds. */
  refused(now: number): void {
    this.#everRefused = true;
    if (now - this.#lastCut < 1000) return;
    this.#lastCut = now;
    this.#limit = Math.max(this.#options.min, Math.min(this.#limit, this.#begun) * 0.9);
  }

  /** Registers a held request; the returned function ends the hold. */
  hold(wake: () => void): () => void {
    this.#held.add(wake);
    return () => this.#held.delete(wake);
  }
}
