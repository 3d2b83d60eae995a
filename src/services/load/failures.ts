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
