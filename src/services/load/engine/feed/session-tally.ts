import type { SessionCounts, Turn } from './feed.ts';

export interface SessionTerms {
  /** Requests of one session; each carries what was said before. */
  readonly turns: number;
  /** From the end of a turn to the next, milliseconds. */
  readonly thinkMs: number;
  readonly durationMs: number;
  /** Where sessions differ: of the session with this number, its requests, and the time to think after one of them. */
  readonly turnsOf?: (session: number) => number;
  readonly thinkMsOf?: (session: number, turn: number) => number;
}

/** How long somebody thinks after a turn, milliseconds. */
export function thinkAfter(
  { thinkMs = 0, thinkMsOf }: Partial<Pick<SessionTerms, 'thinkMs' | 'thinkMsOf'>>,
  session: number,
  turn: number,
): number {
  return thinkMsOf?.(session, turn) ?? thinkMs;
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
    const { durationMs, turnsOf } = this.#terms;
    const turns = Math.min(this.#terms.turns, turnsOf?.(session) ?? Number.POSITIVE_INFINITY);
    const dueMs = nowMs + thinkAfter(this.#terms, session, turn);
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
