/** So many failures in a row open it. */
const FAILURES_IN_A_ROW = 5;
/** So many requests are looked back at, where all of them ended within so many milliseconds; half of them failed: open. */
const LOOKED_BACK = 20;
const LOOKED_BACK_MS = 30_000;
/** How long it stays open before one request may try, in milliseconds; each failed trial doubles it. */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;

/** What a request was to its circuit when it began. */
export type Ticket = 'trial' | 'ordinary';

/** Which addresses are asked at all: one that fails again and again is left alone for a while. Times in milliseconds of one clock. */
export class Circuit {
  #failuresInARow = 0;
  #recent: { readonly at: number; readonly failed: boolean }[] = [];
  /** undefined while it is closed. */
  #triedAgainAt: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #trying = false;

  get closed(): boolean {
    return this.#triedAgainAt === undefined;
  }

  /** Whether a request may go there: the circuit is closed, or it is time for a trial and none is under way. */
  allows(now: number): boolean {
    return this.#triedAgainAt === undefined || (now >= this.#triedAgainAt && !this.#trying);
  }

  /** Milliseconds until the next trial; 0 where a request may go there now. */
  waitMs(now: number): number {
    return this.#triedAgainAt === undefined ? 0 : Math.max(0, this.#triedAgainAt - now);
  }

  /** Told when a request begins, also where it is not allowed: a single address is asked all the same. */
  begin(now: number): Ticket {
    if (this.closed || !this.allows(now)) return 'ordinary';
    this.#trying = true;
    return 'trial';
  }

  succeeded(ticket: Ticket, now: number): void {
    if (ticket === 'trial') this.#close();
    // What began before it opened proves nothing about now.
    else if (this.closed) this.#count(false, now);
  }

  failed(ticket: Ticket, now: number): void {
    if (ticket === 'trial') {
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
      this.#open(now);
    } else if (this.closed) {
      this.#count(true, now);
      if (this.#failuresInARow >= FAILURES_IN_A_ROW || this.#halfFailed(now)) this.#open(now);
    }
  }

  /** It ended for a reason that is none of the address's: its caller left. */
  abandoned(ticket: Ticket): void {
    if (ticket === 'trial') this.#trying = false;
  }

  #count(failed: boolean, now: number): void {
    this.#failuresInARow = failed ? this.#failuresInARow + 1 : 0;
    if (this.#recent.length === LOOKED_BACK) this.#recent.shift();
    this.#recent.push({ at: now, failed });
  }

  #halfFailed(now: number): boolean {
    const [oldest] = this.#recent;
    if (oldest === undefined || this.#recent.length < LOOKED_BACK || now - oldest.at > LOOKED_BACK_MS) return false;
    return this.#recent.filter(({ failed }) => failed).length >= LOOKED_BACK / 2;
  }

  #open(now: number): void {
    this.#triedAgainAt = now + this.#pauseMs;
    this.#trying = false;
  }

  #close(): void {
    this.#triedAgainAt = undefined;
    this.#trying = false;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#failuresInARow = 0;
    this.#recent = [];
  }
}
