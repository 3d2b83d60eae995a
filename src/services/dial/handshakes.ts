/** Under way at once, as long as nothing is known of how long one takes. */
const LEAST = 4;
const MOST = 256;
/** One that takes longer is waiting, and no work. */
const WORK_MS = 1000;
/** So many times the time of the fastest one: the others waited for each other, and not for the network. */
const CROWDED = 3;

/** A handshake under way. */
export interface Handshake {
  /** It is over; `made`: there is a connection. Once is enough. */
  end(made: boolean): void;
}

/**
 * How many TLS handshakes may be under way at once. One costs either side as much as 50 requests, and while it is done, all
 * answers wait: a load that opened a connection for each request that found none idle came to 1,900 handshakes a second, and
 * to nothing else. Where they take as long as one alone, they wait for the network, and more of them go; where they take
 * longer, they wait for a processor, and more of them would only be in the way.
 */
export class Handshakes {
  #open = 0;
  #most = LEAST;
  #fastestMs = Number.POSITIVE_INFINITY;
  readonly #now: () => number;

  /** @param now milliseconds of a steady clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether so many are under way that another one would only make them slower. */
  get busy(): boolean {
    return this.#open >= this.#most;
  }

  begin(): Handshake {
    const from = this.#now();
    const isFull = ++this.#open >= this.#most;
    let isOpen = true;
    const rest = () => {
      clearTimeout(timer);
      if (isOpen) this.#open--;
      isOpen = false;
    };
    const timer = setTimeout(rest, WORK_MS);
    return {
      end: (made) => {
        if (isOpen && made) this.#learn(this.#now() - from, isFull);
        rest();
      },
    };
  }

  #learn(ms: number, wasFull: boolean): void {
    this.#fastestMs = Math.min(this.#fastestMs, ms);
    const isCrowded = ms > CROWDED * this.#fastestMs;
    if (isCrowded) this.#most = Math.max(LEAST, this.#most - 1);
    else if (wasFull) this.#most = Math.min(MOST, this.#most + 1);
  }
}
