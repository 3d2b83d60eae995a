import { Timetable, type TimetableData } from '../../schedule/timetable.ts';
import type { Due, Feed } from './feed.ts';

/** An open loop: requests are due at instants that nothing moves. */
export class TimetableFeed implements Feed {
  readonly keepsText = false;
  readonly follows = false;
  readonly sessions = undefined;
  readonly #timetable: Timetable;
  #next: number;
  #end: number;

  constructor(data: TimetableData) {
    this.#timetable = new Timetable(data);
    this.#next = this.#timetable.first;
    this.#end = this.#timetable.end;
  }

  nextMs(): number {
    return this.#next < this.#end ? this.#timetable.dueMs(this.#next) : Number.POSITIVE_INFINITY;
  }

  take(nowMs: number): Due {
    const position = this.#next++;
    const intendedMs = this.#timetable.dueMs(position);
    return { index: this.#timetable.indexOf(position), intendedMs, latenessMs: nowMs - intendedMs };
  }

  ended(): void {}

  alarmMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  get exhausted(): boolean {
    return this.#next >= this.#end;
  }

  close(): number {
    // What is left of the warm-up is in no account.
    const left = this.#end - Math.max(0, this.#next);
    this.#end = this.#next;
    return Math.max(0, left);
  }
}
