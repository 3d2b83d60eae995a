/** Under way at once, as long as nothing is known of how long one takes. */
const LEAST = 4;
const MOST = 256;
/** Under way at once where nothing but another connection would serve. */
const CROWD = 16;
/** One that takes longer is waiting, and no work; so is one that takes this long while none was ever made. */
const WORK_MS = 1000;
const SILENCE_MS = 100;
/** So many times the time of the fastest one: the others waited for each other, and not for the network. */
const CROWDED = 3;
/** So many of the last ones have to be slow: a crowded processor holds up all of them, a network some. */
const RECENT = 16;

/** A handshake under way. */
export interface Handshake {
  /** It is over; `made`: there is a connection. Once is enough. */
  end(made: boolean): void;
}

/**
 * How many TLS handshakes may be under way at once. One costs either side as much as 50 requests, and while it is done, all
 * answers wait: a load that opened a connection for each request that found none idle came to 1,900 handshakes a second, and
 * to nothing else. Where some take as long as one alone, the others wait for the network, and more of them go; where all take
 * longer, they wait for a processor, and more of them would only be in the way. A server that takes a connection and says
 * nothing does no work: such handshakes are not counted for long, so that its silence is seen as what it is.
 */
export class Handshakes {
  #open = 0;
  #most = LEAST;
  #fastestMs = Number.POSITIVE_INFINITY;
  /** Slow ones since the last one that was not. */
  #slow = 0;
  readonly #now: () => number;

  /** @param now milliseconds of a steady clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Whether so many are under way that another one would only make them slower.
   *
   * @param isNeeded no connection that there is will come free: a wait would bring nothing
   */
  isBusy(isNeeded = false): boolean {
    return this.#open >= (isNeeded ? Math.max(CROWD, this.#most) : this.#most);
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
    const wasSilent = !Number.isFinite(this.#fastestMs);
    const expire = () => {
      if (isOpen && (isFull || wasSilent) && this.#slow < RECENT) this.#grow();
      rest();
    };
    // What has come meanwhile is read first: this process may have been held up itself.
    const timer = setTimeout(() => setImmediate(expire), wasSilent ? SILENCE_MS : WORK_MS);
    return {
      end: (made) => {
        if (made) this.#learn(this.#now() - from, isOpen && isFull);
        rest();
      },
    };
  }

  #learn(ms: number, wasFull: boolean): void {
    this.#fastestMs = Math.min(this.#fastestMs, ms);
    this.#slow = ms > CROWDED * this.#fastestMs ? this.#slow + 1 : 0;
    if (this.#slow >= Math.min(RECENT, this.#most)) this.#most = Math.max(LEAST, this.#most - 1);
    else if (wasFull) this.#grow();
  }

  #grow(): void {
    this.#most = Math.min(MOST, this.#most + 1);
  }
}
