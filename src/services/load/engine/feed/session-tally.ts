import type { SessionCounts, Turn } from './feed.ts';

export interface SessionTerms {
  /** Requests of one session; each carries what was said before. */
  readonly turns: number;
  /** From the end of a turn to the next, milliseconds. */
  readonly thinkMs: number;
  readonly durationMs: number;
}

/** Decides what follows a turn, and counts how sessions come out. */
export class SessionTally {
  #counts: SessionCounts = { complete: 0, broken: 0, cut: 0 };
  readonly #terms: SessionTerms;

  constructor(terms: SessionTerms) {
    this.#terms = terms;
  }

  /**
   * What follows a turn that ended at `nowMs`.
   *
   * @param answer undefined where it failed
   * @param isOver whether the point takes no further request
   * @returns undefined where the session is over
   */
  after({ session, turn, answers }: Turn, nowMs: number, answer: string | undefined, isOver: boolean) {
    const { turns, thinkMs, durationMs } = this.#terms;
    const dueMs = nowMs + thinkMs;
    if (answer === undefined) this.#count('broken', nowMs);
    else if (turn + 1 >= turns) this.#count('complete', nowMs);
    else if (isOver || dueMs >= durationMs) this.#count('cut', nowMs);
    else return { dueMs, turn: { session, turn: turn + 1, answers: [...answers, answer] } };
    return undefined;
  }

  get counts(): SessionCounts {
    return this.#counts;
  }

  #count(how: keyof SessionCounts, nowMs: number): void {
    if (nowMs >= 0) this.#counts = { ...this.#counts, [how]: this.#counts[how] + 1 };
  }
}
