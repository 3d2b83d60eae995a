import { type Share, WHOLE } from '../../schedule/timetable.ts';

/** Gives requests their numbers where no timetable does: each of several generators has every n-th. */
export class Numbering {
  readonly #share: Share;
  #measured = 0;
  #warmup = 0;

  constructor(share: Share = WHOLE) {
    this.#share = share;
  }

  /** How many of the window have one. */
  get measured(): number {
    return this.#measured;
  }

  /** The next number: one of the window, or a negative one. */
  next(isMeasured: boolean): number {
    const { index, count } = this.#share;
    return isMeasured ? this.#measured++ * count + index : -(this.#warmup++ * count + index) - 1;
  }
}
