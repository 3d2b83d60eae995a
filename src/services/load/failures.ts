/**
 * Who said no, by the look of the answer. Counts of requests that did not succeed. `no_answer`: the target did not answer
 * in time, neither before the timeout nor before the drain ended; runs of earlier versions count that as `client`.
 * `server`: what is no service of a chain, by its own words.
 */
export type Refuser =
  | 'client'
  | 'network'
  | 'no_answer'
  | 'a'
  | 'load_balancer'
  | 'b'
  | 'server'
  | 'rate_limit'
  | 'unknown';

/** What failures of one class said, where they said different things. */
export interface OtherTexts {
  /** Most first, a few at most. Texts that differ only in numbers and ids are one. */
  readonly texts: readonly { readonly text: string; readonly count: number }[];
  /** Failures that said still something else. */
  readonly more?: number;
}

/** What the answers of a point said for themselves. */
export interface AnswersTold {
  /** What the first failure of a class said for itself, where it said anything: `404` -> `model '' not found`. */
  readonly errorTexts?: Readonly<Record<string, string>>;
  /** The same with what others of the class said, most first: only where that was something else. */
  readonly otherTexts?: Readonly<Record<string, OtherTexts>>;
  /** Answers by the model that they name, most first; not of earlier versions, and absent where they name none. */
  readonly models?: Readonly<Record<string, number>>;
}
