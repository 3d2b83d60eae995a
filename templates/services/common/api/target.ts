import type { ChatMessage, ChatOrder, DeltaSink, EngineAnswer, EngineTiming, TokenUsage } from '../engine/engine.ts';
import type { RequestScope } from '../request-scope.ts';

/** What a chat asks for once it is validated and its history is trimmed; in whichever form it came. */
export interface ChatAsk {
  readonly messages: readonly ChatMessage[];
  /** Sampling fields, limits, format and tools. */
  readonly order: Omit<ChatOrder, 'model' | 'messages'>;
}

/** For whom a target works. */
export interface ChatCall {
  /** Its end aborts everything that the target has begun. */
  readonly scope: RequestScope;
  /** To be sent on with every request: `x-request-id`, ... */
  readonly headers: Readonly<Record<string, string>>;
  /** Without one the whole answer is all that is wanted. Its promise holds up the engine that is read. */
  readonly sink: DeltaSink | undefined;
  /** Told of each step when it begins, and when it has ended; by a target that has steps. */
  readonly onStep?: ((step: StepProgress) => void) | undefined;
}

/** With nothing but a name it begins. */
export interface StepProgress {
  readonly name: string;
  readonly seconds?: number;
  readonly output_tokens?: number;
  /** Why it was skipped, or has failed. */
  readonly error?: string;
}

/** How a chat ended well; failures are `Problem`s. Seconds. */
export interface ChatOutcome {
  readonly answer: Pick<EngineAnswer, 'text' | 'reasoning' | 'toolCalls' | 'refusal' | 'finishReason' | 'logprobs'>;
  /** Of the generation that made the answer, and of all together. */
  readonly usage: TokenUsage;
  readonly wholeUsage: TokenUsage;
  /** In the queue of this service. */
  readonly queueSeconds: number;
  /** From the request's beginning (`scope.startedAt`) to the answer's first piece. */
  readonly firstTokenSeconds: number | undefined;
  /** Of the step that made the answer; undefined: this one. */
  readonly host?: string | undefined;
  readonly simulated: boolean;
  /** Of the engine that made the answer, where it is this service's own and tells them. */
  readonly timing?: EngineTiming | undefined;
  /** What became of each step, in the form of the answer; only where there are steps. */
  readonly steps?: readonly object[];
}

/**
 * A model that a service offers beside those of its engine: A's `chain`. It wins over an engine's model of that name,
 * which stays reachable as `<id>:latest`.
 */
export interface ChatTarget {
  readonly id: string;
  /** `graph`: for /models.json. */
  readonly architecture: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Takes its place in the queue itself, and gives it back; refusals come before the first piece. */
  chat(ask: ChatAsk, call: ChatCall): Promise<ChatOutcome>;
}
