import { type Share, Timetable, type TimetableData, WHOLE } from '../../schedule/timetable.ts';
import type { Due, Feed, SessionCounts, Turn } from './feed.ts';
import { Numbering } from './numbering.ts';
import { Queue } from './queue.ts';
import { SessionTally, type SessionTerms } from './session-tally.ts';

const dueOf = ({ dueMs }: { readonly dueMs: number }): number => dueMs;

/**
 * An open loop of sessions: they begin at the instants of the timetable, and a further turn is due when the one before has
 * ended and its time to think is over. A turn counts as scheduled when it becomes due, so one that is due after the window
 * is none.
 */
export class SessionFeed implements Feed {
  readonly keepsText = true;
  readonly follows = true;
  readonly #timetable: Timetable;
  readonly #terms: SessionTerms & { readonly requests?: number };
  readonly #numbers: Numbering;
  readonly #tally: SessionTally;
  /** In the order in which they become due. */
  readonly #further = new Queue<{ readonly dueMs: number; readonly turn: Turn }>();
  #next: number;
  #end: number;
  #closed = false;

  constructor(data: TimetableData, terms: SessionTerms & { readonly requests?: number }, share: Share = WHOLE) {
    this.#timetable = new Timetable(data);
    this.#terms = terms;
    this.#numbers = new Numbering(share);
    this.#tally = new SessionTally(terms);
    this.#next = this.#timetable.first;
    this.#end = this.#timetable.end;
  }

  nextMs(): number {
    return this.exhausted ? Number.POSITIVE_INFINITY : Math.min(this.#startMs, this.#furtherMs);
  }

  take(nowMs: number): Due {
    const isFurther = this.#furtherMs <= this.#startMs;
    const { dueMs, turn } = (isFurther ? this.#further.shift() : undefined) ?? this.#begin();
    return { index: this.#numbers.next(dueMs >= 0), intendedMs: dueMs, latenessMs: nowMs - dueMs, turn };
  }

  ended({ turn }: Due, nowMs: number, answer: string | undefined): void {
    const next = turn && this.#tally.after(turn, nowMs, answer, this.exhausted);
    if (next !== undefined) this.#further.insert(next, dueOf);
  }

  alarmMs(): number {
    return this.exhausted ? Number.POSITIVE_INFINITY : this.#furtherMs;
  }

  /** What comes of open requests is due in the window or never: until it is over, nothing is certain. */
  get exhausted(): boolean {
    const { requests = Number.POSITIVE_INFINITY } = this.#terms;
    return this.#closed || this.#numbers.measured >= requests;
  }

  close(): number {
    if (this.exhausted) return 0;
    const left = Math.max(0, this.#end - Math.max(0, this.#next)) + this.#further.length;
    this.#closed = true;
    return left;
  }

  get sessions(): SessionCounts {
    return this.#tally.counts;
  }

  get #startMs(): number {
    return this.#next < this.#end ? this.#timetable.dueMs(this.#next) : Number.POSITIVE_INFINITY;
  }

  get #furtherMs(): number {
    return this.#further.first?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  #begin(): { readonly dueMs: number; readonly turn: Turn } {
    const dueMs = this.#startMs;
    return { dueMs, turn: { session: this.#timetable.indexOf(this.#next++), turn: 0, answers: [] } };
  }
}
