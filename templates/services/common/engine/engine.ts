import type { RequestScope } from '../request-scope.ts';

/** One message of a conversation, as the engines take it: `developer` is `system` here, parts are joined. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | null;
  readonly tool_calls?: readonly ToolCall[];
  readonly tool_call_id?: string;
  readonly name?: string;
}

/** A call that a model asks for. `arguments` is JSON as text, as OpenAI has it; Ollama's objects are turned into it. */
export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** How tokens are drawn. What is absent is not sent: the engine's own default holds. 0 is a value. */
export interface Sampling {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly frequency_penalty?: number;
  readonly presence_penalty?: number;
  readonly repeat_penalty?: number;
}

export interface ChatOrder {
  /** The engine's name of it. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** In tokens. */
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly format?: ResponseFormat;
  readonly tools?: readonly unknown[];
  readonly toolChoice?: unknown;
  readonly reasoningEffort?: string;
  /** Only engines of kind `openai` take them. */
  readonly logprobs?: { readonly logit_bias?: unknown; readonly logprobs?: boolean; readonly top_logprobs?: number };
}

/** `json`: any object; `schema`: one that this JSON schema describes. */
export type ResponseFormat =
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly schema: unknown; readonly name: string; readonly strict?: boolean };

export interface CompletionOrder {
  readonly model: string;
  readonly prompt: string;
  readonly suffix?: string;
  readonly maxTokens: number;
  readonly sampling: Sampling;
}

/** A generation of `/chain` and `/invoke`: the settings of the environment, and a cut prompt. */
export interface GenerateOrder {
  readonly model: string;
  readonly prompt: string;
  readonly numPredict: number;
  readonly numCtx: number;
  readonly temperature: number;
}

export interface EmbedOrder {
  readonly model: string;
  /** Texts; with engines of kind `openai` also ids of tokens. */
  readonly input: readonly (string | readonly number[])[];
  readonly dimensions?: number;
}

/** A piece of an answer. Several fields may be set at once. */
export interface Delta {
  readonly text?: string;
  readonly reasoning?: string;
  readonly refusal?: string;
  readonly toolCalls?: readonly ToolCallDelta[];
  readonly logprobs?: unknown;
}

export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string;
  readonly type?: 'function';
  readonly function: { readonly name?: string; readonly arguments?: string };
}

/**
 * Takes all pieces that came with one read of the engine's connection, in the tick in which they came.
 * @returns a promise where whoever reads the answer is slow: the engine is not read until it resolves
 */
export type DeltaSink = (deltas: readonly Delta[]) => Promise<void> | undefined;

/** For whom an engine works, and how long. */
export interface EngineRun {
  /** Its end aborts the generation in the engine at once. */
  readonly scope: RequestScope;
  /** Begins a failure's text: `ollama` in B, `ollama(A)` in A. */
  readonly who: string;
  /** Without one the whole answer is all that is wanted. */
  readonly sink?: DeltaSink;
  /** The sink alone wants the text: it is not kept for the answer, nor are its reasoning and its logprobs. */
  readonly isPassedOn?: boolean;
  /** Sent on with the request: `x-request-id`, `traceparent`, ... */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told when the request is sent a second time, the first having come to a connection that was closed. */
  readonly onResend?: () => void;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface TokenUsage {
  readonly input: number;
  readonly output: number;
  /** Of the input, where the engine tells it. */
  readonly cached?: number;
  /** Of the output, where the engine tells it. */
  readonly reasoning?: number;
}

/** Where the engine's time went, in seconds, by its own clock. */
export interface EngineTiming {
  readonly total_seconds: number;
  /** What is none of the following: waiting for a slot. */
  readonly queue_seconds: number;
  readonly load_seconds: number;
  readonly prompt_seconds: number;
  readonly generation_seconds: number;
}

/** An answer that ended as it should: an engine that breaks off before its last event rejects instead. */
export interface EngineAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** Why the model does not answer, where the engine tells that apart from an answer. */
  readonly refusal?: string;
  /** All of the answer's `logprobs.content`, where they were asked for. */
  readonly logprobs?: unknown;
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
  /** The whole call as this service saw it. */
  readonly seconds: number;
  /** From the call to its first piece of text, reasoning or tool call; undefined where there was none. */
  readonly firstTokenSeconds: number | undefined;
  /** undefined where the engine does not tell its durations. */
  readonly engine: EngineTiming | undefined;
  /** The engine said that it is a simulation. */
  readonly simulated: boolean;
}

export interface Embeddings {
  readonly vectors: readonly (readonly number[])[];
  readonly inputTokens: number;
  readonly seconds: number;
  readonly simulated: boolean;
}

/** A model that the engine lists. */
export interface EngineModel {
  /** As the engine lists it: `gemma3:270m`. */
  readonly id: string;
  readonly ownedBy: string;
  /** Seconds since 1970; 0 where the engine does not tell. */
  readonly created: number;
  /** The element of Ollama's `/api/tags`, unchanged, or one in its form. */
  readonly tag: Readonly<Record<string, unknown>>;
}

/**
 * An engine, whatever it speaks. All rejections are `Problem`s with the status and code of docs/services.md
 * (`<who> error: ...`, `engine_error`, `engine_unavailable`, `model_not_found`, `context_length_exceeded`, ...).
 */
export interface Engine {
  readonly kind: 'ollama' | 'openai';
  /** The service's own model; empty as long as it is the first of a list that has not been read. An order's `model` may be empty, too: then it is this one. */
  readonly ownModel: string;
  /** For `/chain` and `/invoke`: fails with 502 and 504 only, and streams only where there is a sink. */
  generate(order: GenerateOrder, run: EngineRun): Promise<EngineAnswer>;
  chat(order: ChatOrder, run: EngineRun): Promise<EngineAnswer>;
  complete(order: CompletionOrder, run: EngineRun): Promise<EngineAnswer>;
  embed(order: EmbedOrder, run: EngineRun): Promise<Embeddings>;
  /** At most 5 s old. Rejects with a 502. */
  models(): Promise<readonly EngineModel[]>;
  close(): void;
}
