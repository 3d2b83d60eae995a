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

/** Everything that an answer may carry, in the order of the record's columns. */
export const FIGURES = [...ANSWER_FIGURES, ...PHASE_FIGURES] as const;

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
  readonly figures?: AnswerFigures;
  /** Of a streamed answer: sent to the first read that brought a token; add `latenessMs` to count from the intended time. */
  readonly ttft_ms?: number;
  /** Of a streamed answer: times between reads that brought tokens, in order. */
  readonly itl_ms?: readonly number[];
}

/** How much later than it could a request went, by the machine that sent it, milliseconds. */
export function lateMs({ latenessMs, idleMs }: Pick<RequestRecord, 'latenessMs' | 'idleMs'>): number | undefined {
  return idleMs ?? latenessMs;
}
