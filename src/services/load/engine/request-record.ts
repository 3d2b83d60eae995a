import type { Outcome } from '../types.ts';

/** Times and counts that every answer of the contract carries. */
export const ANSWER_FIGURES = [
  'a_local_seconds',
  'b_remote_seconds',
  'end_to_end_seconds',
  'ollama_seconds',
  'total_seconds',
  'prompt_tokens',
  'output_tokens',
] as const;

/** What an answer tells of each hop where service and engine measure it: waiting for a place, and the engine's own. */
export const PHASE_FIGURES = [
  'a_queue_seconds',
  'a_engine_queue_seconds',
  'a_load_seconds',
  'a_prompt_seconds',
  'a_generation_seconds',
  'b_queue_seconds',
  'b_engine_queue_seconds',
  'b_load_seconds',
  'b_prompt_seconds',
  'b_generation_seconds',
] as const;

/** Tokens beside those of prompt and output, which have them among theirs. */
export const TOKEN_FIGURES = ['reasoning_tokens', 'cached_tokens'] as const;

/** Everything that an answer may carry, in the order of the record's columns. */
export const FIGURES = [...ANSWER_FIGURES, ...PHASE_FIGURES, ...TOKEN_FIGURES] as const;

export type AnswerFigures = { readonly [K in (typeof FIGURES)[number]]?: number };

/** One request that was sent. */
export interface RequestRecord {
  readonly index: number;
  readonly intendedMs: number;
  /** Sent minus intended; absent when the generator died before it could say. */
  readonly latenessMs?: number;
  /** Of a closed loop, whose requests are intended when they are sent: how long its place had been free. */
  readonly idleMs?: number;
  /** End minus sent; for `incomplete` the time it had been open. */
  readonly serviceMs?: number;
  readonly outcome: Outcome;
  /** `ok`, `503`, `ECONNREFUSED`, `timeout`, ... */
  readonly class: string;
  /** 0 where no HTTP answer came. */
  readonly status: number;
  /** What went wrong in words; empty for `ok`. May hold text from the network. */
  readonly error: string;
  /** The host of B that answered. */
  readonly host?: string;
  /** The model that says it answered. */
  readonly model?: string;
  readonly figures?: AnswerFigures;
  /** Why the answer ended, as the target says: `stop`, `length`, ... */
  readonly finish?: string;
  /** Its output tokens are the events that were counted, because the target does not tell how many there were. */
  readonly tokens_estimated?: boolean;
  /** Most tokens that were asked for. */
  readonly max_tokens?: number;
  /** Of a streamed answer: sent to the first read that brought a token; add `latenessMs` to count from the intended time. */
  readonly ttft_ms?: number;
  /** Likewise to the first token of reasoning, which is none of the answer. */
  readonly reasoning_ttft_ms?: number;
  /** From the first token of any kind to the last, by the tokens that came after the first read. */
  readonly tpot_ms?: number;
  /** Of a streamed answer: times between reads that brought tokens of any kind, in order. */
  readonly itl_ms?: readonly number[];
  readonly stream?: StreamCounts;
  /** Of a streamed answer of several steps: the times of each, in the order of their first tokens. */
  readonly hops?: readonly StreamedHop[];
  /** Number of its session in the point, and which of its requests it is; the first is 0. */
  readonly session?: number;
  readonly turn?: number;
  /** Class of the mix that it is of. */
  readonly mix?: string;
  /** Tokens of the prompt as asked for; by the letters where the text was given. */
  readonly input_tokens_asked?: number;
}

/** One step of a chain, as its tokens came. */
export interface StreamedHop {
  readonly name: string;
  /** From the sending of the request to the first read with a token of the step, milliseconds. */
  readonly ttft_ms: number;
  /** Between reads with tokens of this step, milliseconds. */
  readonly itl_ms: readonly number[];
}

/** What else is known of a streamed answer. In no file. */
export interface StreamCounts {
  /** Events with tokens; reads that had some. */
  readonly events: number;
  readonly reads: number;
  /** Of these: perhaps looked at more than 1 ms after they came. */
  readonly lateReads: number;
  /** By how much the first token's may have been, milliseconds. */
  readonly firstLateMs: number;
  /** It ended without the `[DONE]` that ends such a stream. */
  readonly withoutDone: boolean;
}

/** How much later than it could a request went, by the machine that sent it, milliseconds. */
export function lateMs({ latenessMs, idleMs }: Pick<RequestRecord, 'latenessMs' | 'idleMs'>): number | undefined {
  return idleMs ?? latenessMs;
}
