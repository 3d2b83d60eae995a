import type { AnswerFigures } from '../engine/request-record.ts';
import type { Refuser } from '../failures.ts';
import type { Ask, RequestForm } from './ask.ts';

/** What some APIs have a field for, and others do not. */
export type ApiSetting = 'model' | 'maxTokens' | 'temperature' | 'maxTokensField' | 'ignoreEos';

/** What an answer turned out to be. */
export interface Verdict {
  readonly outcome: 'ok' | 'http_error' | 'invalid';
  readonly class: string;
  readonly error: string;
  readonly host?: string;
  /** The model that says it answered. */
  readonly model?: string;
  readonly figures?: AnswerFigures;
  /** Why the answer ended, as the target says. */
  readonly finish?: string;
  /** Its output tokens are counted events. */
  readonly tokens_estimated?: boolean;
}

/**
 * Judges one complete answer. `location` is the header with which a redirect says where to, `retryAfter` the one with which
 * a refusal says when.
 */
export type Judge = (status: number, text: string, location?: string, retryAfter?: string) => Verdict;

/**
 * What a stream has to end with, or it was cut off. `finish`: an event with a `finish_reason`, whatever follows;
 * `finish-or-done`: that, `[DONE]`, or a line with `"done":true`; `done`: such a line; `answer`: such a line that is
 * itself a whole answer, and judged as one.
 */
export type StreamEnd = 'finish' | 'finish-or-done' | 'done' | 'answer';

/** How a target is asked, and what its answers have to be. Generator processes get it by name, once per point. */
export interface RequestProtocol {
  readonly name: string;
  /** What the paths end in at which it is spoken, from a slash on; the first is that of a URL without a path. */
  readonly paths: readonly string[];
  /** What a request is, in the words of OpenTelemetry's conventions for generative models. */
  readonly operation: string;
  /** Who makes what answers, in the words of the same conventions; absent where nobody can tell. */
  readonly provider?: string;
  /** Its answers have the times of two services, one that asks the other. */
  readonly isChain: boolean;
  /** Who cuts prompts to how many characters, unless it is deployed otherwise; absent where nobody is known to. */
  readonly keeps?: { readonly by: string; readonly characters: number };
  /** Requests name a model: where the server lists those that it has. */
  readonly models?: string;
  /** Settings of a load that its requests have a field for. */
  readonly takes?: readonly ApiSetting[];
  /** Fewer code points of a prompt are refused. */
  readonly minPrompt?: number;
  /** The body of a request, JSON. The text of a message stands in it as `JSON.stringify` writes it. */
  body(ask: Ask, form: RequestForm): string;
  /** Headers of every request, in addition to those of HTTP, the trace and the operator's own. */
  headers(options: { readonly stream: boolean; readonly timeoutMs: number }): Readonly<Record<string, string>>;
  readonly judge: Judge;
  readonly ends: StreamEnd;
  /** What a complete answer says, for the next turn of a session, by its fields; empty where it says nothing that is known. */
  textOf(answer: Readonly<Record<string, unknown>>): string;
  /** Who answered with an error: `detail` is what a service of the chain says about it, `said` what anybody does. */
  refuser(status: number, detail: string | undefined, said?: string): Refuser;
}
