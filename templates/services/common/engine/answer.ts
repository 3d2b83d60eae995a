import type {
  Delta,
  DeltaSink,
  EngineAnswer,
  EngineTiming,
  FinishReason,
  TokenUsage,
  ToolCall,
  ToolCallDelta,
} from './engine.ts';
import { EngineFault } from './fault.ts';

/** A whole answer may be so long, in bytes of UTF-8. */
const MAX_ANSWER_BYTES = 8 << 20;
/** Nobody asks for so many tools at once; each costs memory. */
const MAX_TOOL_CALLS = 1024;

/** Puts an answer together from its pieces, and passes them on in batches: one per read of the engine. */
export class AnswerBuilder {
  readonly #sink: DeltaSink | undefined;
  readonly #startedAt = performance.now();
  #batch: Delta[] = [];
  #bytes = 0;
  #text = '';
  #reasoning = '';
  readonly #toolCalls = new Map<number, { id: string; name: string; arguments: string }>();
  readonly #logprobs: unknown[] = [];
  #firstTokenAt: number | undefined;
  /** Why the model stopped, as the engine says it; undefined as long as it has not. */
  finish: string | undefined;
  usage: TokenUsage = { input: 0, output: 0 };
  timing: EngineTiming | undefined;
  simulated = false;
  /** The engine has sent the last event of an answer. */
  complete = false;

  constructor(sink: DeltaSink | undefined) {
    this.#sink = sink;
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  get toolCallCount(): number {
    return this.#toolCalls.size;
  }

  text(text: string): void {
    if (text === '') return;
    this.#text += text;
    this.#batch.push({ text });
  }

  reasoning(reasoning: string): void {
    if (reasoning === '') return;
    this.#reasoning += reasoning;
    this.#batch.push({ reasoning });
  }

  toolCalls(toolCalls: readonly ToolCallDelta[]): void {
    if (toolCalls.length === 0) return;
    for (const { index, id, function: called } of toolCalls) {
      const known = this.#toolCalls.get(index) ?? { id: '', name: '', arguments: '' };
      if (this.#toolCalls.size >= MAX_TOOL_CALLS && !this.#toolCalls.has(index)) {
        throw new EngineFault(`asked for more than ${MAX_TOOL_CALLS} tools`);
      }
      known.id ||= id ?? '';
      known.name += called.name ?? '';
      known.arguments += called.arguments ?? '';
      this.#bytes += Buffer.byteLength(called.name ?? '') + Buffer.byteLength(called.arguments ?? '');
      this.#toolCalls.set(index, known);
    }
    this.#batch.push({ toolCalls });
  }

  /**
   * OpenAI's `logprobs` of a choice.
   * @param bytes of the event that they came in: they are much longer than the text they are of
   * @param withLast they belong to the last piece
   */
  logprobs(logprobs: { readonly content?: unknown }, bytes: number, withLast: boolean): void {
    this.#bytes += bytes;
    if (Array.isArray(logprobs.content)) for (const each of logprobs.content) this.#logprobs.push(each);
    const last = withLast ? this.#batch.pop() : undefined;
    this.#batch.push({ ...last, logprobs });
  }

  /**
   * Ends a batch.
   * @returns undefined where nothing had come, else what the sink says
   * @throws EngineFault for an answer above 8 MiB
   */
  flush(): { readonly wait: Promise<void> | undefined } | undefined {
    const batch = this.#batch;
    if (batch.length === 0) return undefined;
    this.#firstTokenAt ??= performance.now();
    this.#batch = [];
    for (const { text, reasoning } of batch) {
      this.#bytes += Buffer.byteLength(text ?? '') + Buffer.byteLength(reasoning ?? '');
    }
    if (this.#bytes > MAX_ANSWER_BYTES) throw new EngineFault('sent an answer of more than 8 MiB');
    return { wait: this.#sink?.(batch) };
  }

  build(): EngineAnswer {
    const toolCalls = [...this.#toolCalls.entries()]
      .sort(([one], [other]) => one - other)
      .map(([, { id, name, arguments: args }]): ToolCall => {
        return { id, type: 'function', function: { name, arguments: args } };
      });
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      toolCalls,
      ...(this.#logprobs.length > 0 && { logprobs: this.#logprobs }),
      finishReason: finishReason(this.finish, toolCalls.length > 0),
      usage: this.usage,
      seconds: this.elapsedSeconds,
      firstTokenSeconds: this.#firstTokenAt === undefined ? undefined : (this.#firstTokenAt - this.#startedAt) / 1000,
      engine: this.timing,
      simulated: this.simulated,
    };
  }
}

/**
 * The text of a piece; none where the engine says null or nothing.
 * @throws EngineFault for what is no text: passed over, it would be missing from the answer
 */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  throw new EngineFault('sent a piece whose text is none');
}

function finishReason(said: string | undefined, callsTools: boolean): FinishReason {
  if (said === 'length' || said === 'content_filter') return said;
  // Ollama says `stop` where a model asks for tools.
  return callsTools || said === 'tool_calls' || said === 'function_call' ? 'tool_calls' : 'stop';
}
