import type { StreamEvent } from './stream-event.ts';

/** The answers to a request that asked for several at once: the stream is whole when each of them has ended. */
export class SeveralAnswers {
  readonly #ended = new Map<number, boolean>();
  #events = 0;

  /** @param isFirstOver the first answer has ended before another one began */
  constructor(isFirstOver: boolean) {
    if (isFirstOver) this.#ended.set(0, true);
  }

  /** An event that is not of the first answer alone. */
  take(choices: NonNullable<StreamEvent['choices']>, hasToken: boolean): void {
    if (hasToken) this.#events++;
    for (const { index, isEnded } of choices) this.#ended.set(index, isEnded || this.#ended.get(index) === true);
  }

  /** The first answer has ended. */
  endFirst(): void {
    this.#ended.set(0, true);
  }

  /**
   * The number of the first answer without an end.
   *
   * @param events with tokens, of all answers: what is more than those here is of the first one, which may have its own number
   */
  openOf(events: number): number | undefined {
    if (events > this.#events && !this.#ended.has(0)) return 0;
    return [...this.#ended].find(([, isEnded]) => !isEnded)?.[0];
  }
}
