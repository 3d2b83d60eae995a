const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/**
 * When a model may be loaded (again). At once, as long as loads hold; where they fail or are undone by another client of
 * the engine, after 1 s, 2 s, 4 s, at most a minute: two who want different things must not keep an engine loading.
 * All times are those of one clock, in milliseconds.
 */
export class ReloadPace {
  #pauseMs = 0;
  #notBefore = -Infinity;
  #loadedAt = -Infinity;

  /** Milliseconds until a load may begin; 0 or less: now. */
  waitMs(now: number): number {
    return this.#notBefore - now;
  }

  loaded(now: number): void {
    this.#loadedAt = now;
  }

  failed(now: number): void {
    this.#pauseMs = Math.min(LONGEST_MS, Math.max(FIRST_MS, this.#pauseMs * 2));
    this.#notBefore = now + this.#pauseMs;
  }

  /** The model is not loaded any more, or otherwise than asked for. */
  lost(now: number): void {
    if (now - this.#loadedAt > LONGEST_MS) this.reset();
    else this.failed(now);
  }

  /** An unload under way is over before anything is loaded: a load that joins it would be undone by it. */
  holdOff(now: number): void {
    this.#notBefore = Math.max(this.#notBefore, now + FIRST_MS);
  }

  /** The engine or the model is new: nothing that was learnt counts. */
  reset(): void {
    this.#pauseMs = 0;
    this.#notBefore = -Infinity;
  }
}
