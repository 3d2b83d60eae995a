import { steadyNow } from './steady-clock.ts';

/** Asking for what is ready takes time too, more of it the more is ready; a rest is longer than that. */
const REST_MS = 0.1;

/**
 * Tells when bytes were read, and how much earlier they may have come. Sockets are read one after another: what came
 * while the others were served waits, and nothing tells for how long. It cannot have been there at the last time that the
 * thread looked, nor while it had nothing to do.
 */
export class ReadClock {
  /** Of the last {@link read}: by how much it may be too late at most, milliseconds. */
  late = 0;
  /** From here on, whatever comes may have to wait. */
  #since = 0;
  /** When this turn of the event loop began. */
  #turnAt = 0;
  #inTurn = false;
  #idle = 0;
  readonly #now: () => number;
  readonly #idleTime: () => number;
  readonly #onTurnEnd: (then: () => void) => void;

  constructor(
    now: () => number = steadyNow,
    idleTime: () => number = () => performance.nodeTiming.idleTime,
    onTurnEnd: (then: () => void) => void = setImmediate,
  ) {
    this.#now = now;
    this.#idleTime = idleTime;
    this.#onTurnEnd = onTurnEnd;
  }

  /** The thread begins to do something: what comes from now on may have to wait for it. */
  begin(): void {
    if (!this.#inTurn) this.#beginTurn(this.#now());
  }

  /** @returns milliseconds of the steady clock */
  read(): number {
    const now = this.#now();
    if (!this.#inTurn) this.#beginTurn(now);
    this.late = now - this.#since;
    return now;
  }

  #beginTurn(now: number): void {
    const idle = this.#idleTime();
    // After a rest, the first thing that came has ended it.
    this.#since = idle - this.#idle > REST_MS ? now : this.#turnAt;
    this.#idle = idle;
    this.#turnAt = now;
    this.#inTurn = true;
    this.#onTurnEnd(this.#endTurn);
  }

  readonly #endTurn = () => {
    this.#inTurn = false;
  };
}
