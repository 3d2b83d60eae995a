import type { AnswerFigures } from '../engine/request-record.ts';
import type { TokenMeter } from '../engine/stream/token-meter.ts';
import type { BodyParts, PromptOptions } from '../prompt.ts';
import type { Refuser } from '../types.ts';

/** What an answer turned out to be. */
export interface Verdict {
  readonly outcome: 'ok' | 'http_error' | 'invalid';
  readonly class: string;
  readonly error: string;
  readonly host?: string;
  readonly figures?: AnswerFigures;
}

/** Judges one complete answer. `location` is the header with which a redirect says where to. */
export type Judge = (status: number, text: string, location?: string) => Verdict;

export interface BodyOptions extends PromptOptions {
  /** Ask for a streamed answer. */
  readonly stream: boolean;
}

/** How a target is asked, and what its answers have to be. Generator processes get it by name, once per point. */
export interface RequestProtocol {
  readonly name: string;
  /** The last word of the paths at which it is spoken. */
  readonly path?: string;
  /** What a request is, in the words of OpenTelemetry's conventions for generative models. */
  readonly operation: string;
  /** Its answers have the times of two services, one that asks the other. */
  readonly isChain: boolean;
  /** Who cuts prompts to how many characters, unless it is deployed otherwise; absent where nobody is known to. */
  readonly keeps?: { readonly by: string; readonly characters: number };
  /** The parts of the bodies; they are all the same but for a mark of fixed width. */
  body(options: BodyOptions): BodyParts;
  /** Headers of every request, in addition to those of HTTP, the trace and the token. */
  headers(options: { readonly stream: boolean; readonly timeoutMs: number }): Readonly<Record<string, string>>;
  readonly judge: Judge;
  /** Reads and judges a streamed 200; absent where answers never are. */
  readonly stream?: { meter(): TokenMeter; judge(meter: TokenMeter): Verdict };
  /** Who answered with an error: `detail` is what the answer says about it. */
  refuser(status: number, detail: string | undefined): Refuser;
}
