import type { Measured, Step } from './turns.ts';

/** What a service tells of a step while it works, to whoever asks with `x-chainctl-progress`. */
export interface StepEvent {
  readonly name: string;
  /** Only when it has ended. */
  readonly seconds?: number;
  readonly output_tokens?: number;
  /** Why it was skipped. */
  readonly error?: string;
}

/**
 * An answer while it comes, by the clock of whoever reads it. Where it is stopped, or breaks off, this is all that is known
 * of its times: the service tells the whole of them at the end.
 */
export class Progress {
  readonly #now: () => number;
  readonly #begunAt: number;
  #firstAt: number | undefined;
  #pieces = 0;
  readonly #running = new Set<string>();
  readonly #ended: Step[] = [];
  /** The engine is a simulated one. */
  simulated = false;

  /** @param now milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#begunAt = now();
  }

  /** The step at work; of several at once the one that began last. */
  get running(): string | undefined {
    return [...this.#running].at(-1);
  }

  /** A piece of the answer: mostly a token. */
  piece(): void {
    this.#firstAt ??= this.#now();
    this.#pieces++;
  }

  step({ name, ...end }: StepEvent): void {
    if (end.seconds === undefined && end.error === undefined) {
      this.#running.add(name);
      return;
    }
    this.#running.delete(name);
    this.#ended.push({ name, ...end });
  }

  /** What would have been in the answer, as far as it is known. Seconds. */
  get measured(): Measured {
    const seconds = (at: number) => Math.round(at - this.#begunAt) / 1000;
    const first = this.#firstAt;
    return {
      ...(first !== undefined && { first_token_seconds: seconds(first), output_pieces: this.#pieces }),
      total_seconds: seconds(this.#now()),
      ...(this.#ended.length > 0 && { steps: [...this.#ended] }),
      ...(this.simulated && { simulated: true }),
    };
  }
}

/** Reads such an event; undefined for what is none. */
export function stepEventOf(event: { readonly step?: unknown } | null): StepEvent | undefined {
  const step = event?.step as Partial<StepEvent> | null | undefined;
  return typeof step?.name === 'string' ? (step as StepEvent) : undefined;
}
