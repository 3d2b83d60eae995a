import type { Share } from '../../schedule/timetable.ts';
import type { Due, Feed, SessionCounts, Turn } from './feed.ts';
import { Numbering } from './numbering.ts';
import { Queue } from './queue.ts';
import { SessionTally, type SessionTerms, thinkAfter } from './session-tally.ts';

export interface ClosedTerms {
  /** Requests that are always open; with sessions, users that each have one after another. */
  readonly concurrency: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Requests of the window after which nothing more is sent. */
  readonly requests?: number;
  /** Requests of one session; default 1: none. */
  readonly turns?: number;
  /** From the end of a request to the next of the same place, milliseconds; default 0. */
  readonly thinkMs?: number;
  readonly turnsOf?: NonNullable<SessionTerms['turnsOf']>;
  readonly thinkMsOf?: NonNullable<SessionTerms['thinkMsOf']>;
  readonly share?: Share;
}

/** A place from which a request may go, since when, and what it has to go on with. */
interface Place {
  readonly freeMs: number;
  readonly turn?: Turn;
}

const freeOf = ({ freeMs }: Place): number => freeMs;

/**
 * A closed loop: so many places, and from each the next request goes when the one before has ended. Its intended time is
 * that of its sending; what it went later than its place was free is lateness. A request that begins in the window counts,
 * also where it ends after it.
 */
export class ClosedFeed implements Feed {
  readonly follows = true;
  readonly keepsText: boolean;
  readonly #terms: ClosedTerms;
  readonly #numbers: Numbering;
  readonly #tally: SessionTally | undefined;
  readonly #places = new Queue<Place>();
  readonly #most: number;
  readonly #share: Share;
  #begun = 0;
  #closed = false;

  constructor(terms: ClosedTerms) {
    const { concurrency, warmupMs, durationMs, requests, turns = 1, thinkMs = 0, share } = terms;
    this.#terms = terms;
    this.#share = share ?? { index: 0, count: 1 };
    this.#numbers = new Numbering(share);
    this.#most = requests ?? Number.POSITIVE_INFINITY;
    this.keepsText = turns > 1;
    this.#tally = turns > 1 ? new SessionTally({ ...terms, turns, thinkMs, durationMs }) : undefined;
    for (let i = 0; i < concurrency; i++) this.#places.push({ freeMs: -warmupMs });
  }

  nextMs(nowMs: number): number {
    const first = this.#places.first;
    return first === undefined || this.#isOver(nowMs) ? Number.POSITIVE_INFINITY : first.freeMs;
  }

  take(nowMs: number): Due {
    const { freeMs, turn } = this.#places.shift() as Place;
    const isMeasured = nowMs >= 0;
    const due = { index: this.#numbers.next(isMeasured), intendedMs: nowMs, latenessMs: nowMs - freeMs };
    if (this.#tally === undefined) return due;
    if (turn !== undefined) return { ...due, turn };
    const { index, count } = this.#share;
    return { ...due, turn: { session: this.#begun++ * count + index, turn: 0, answers: [] } };
  }

  ended({ index, turn }: Due, nowMs: number, answer: string | undefined): void {
    const next = turn && this.#tally?.after(turn, nowMs, answer, this.exhausted);
    // Whoever comes next thinks as well.
    const thinkMs = next === undefined ? thinkAfter(this.#terms, turn?.session ?? index, turn?.turn ?? 0) : 0;
    const place = next === undefined ? { freeMs: nowMs + thinkMs } : { freeMs: next.dueMs, turn: next.turn };
    this.#places.insert(place, freeOf);
  }

  alarmMs(): number {
    return this.#closed ? Number.POSITIVE_INFINITY : (this.#places.first?.freeMs ?? Number.POSITIVE_INFINITY);
  }

  get exhausted(): boolean {
    return this.#closed || this.#numbers.measured >= this.#most;
  }

  close(): number {
    this.#closed = true;
    return 0;
  }

  get sessions(): SessionCounts | undefined {
    return this.#tally?.counts;
  }

  #isOver(nowMs: number): boolean {
    return this.exhausted || nowMs >= this.#terms.durationMs;
  }
}
