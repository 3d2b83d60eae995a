/** How long prompts or answers were, tokens; percentiles by nearest rank. */
export interface LengthFigures extends Readonly<Record<'mean' | 'p50' | 'p95' | 'max', number>> {
  readonly count: number;
}

/** What requests of one kind asked for, and what came of it. Times in milliseconds, of successes. */
export interface AskedFigures {
  /** Of a class of `--mix`; absent where there is one kind. */
  readonly name?: string;
  readonly sent: number;
  readonly ok: number;
  readonly response?: Readonly<Record<'p50' | 'p95', number>>;
  /** From the intended time. */
  readonly ttft?: Readonly<Record<'p50' | 'p95', number>>;
  /** As asked; by the letters where the text was given. */
  readonly input?: LengthFigures;
  /** Most tokens of an answer. */
  readonly maxTokens?: LengthFigures;
  /** As the target counted them, of successes. */
  readonly countedInput?: LengthFigures;
  readonly countedOutput?: LengthFigures;
}

/** The requests of sessions that were the same turn of theirs, counted from 1; times as in {@link AskedFigures}. */
export interface TurnFigures extends Omit<AskedFigures, 'name' | 'input' | 'maxTokens'> {
  readonly turn: number;
  /** The last one, where several late ones are told together. */
  readonly to?: number;
}

/** What the requests of a load ask where it is not one prompt for all, and when they come where that is not even. */
export interface WorkloadPlan {
  /** For people: a sentence each. */
  readonly lines: readonly string[];
  /** Lengths that will be asked for, of the first requests. */
  readonly asked: readonly Pick<AskedFigures, 'name' | 'input' | 'maxTokens'>[];
  /** Why the rate changes within a point, which then has no state. */
  readonly varies?: 'stages' | 'trace';
}
