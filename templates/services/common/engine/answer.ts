import { randomUUID } from 'node:crypto';
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
/** What a piece of a tool call costs beside its texts, here and on the way to the caller. */
const CALL_PIECE_BYTES = 64;

const NO_PART = 'sent no part of an answer';
const NAMELESS = 'asked for a tool without a name';

/** So many pieces are joined at once. */
const BLOCK = 64;

/** A text that comes in small pieces: kept one by one until its end, each would cost ten times its length. */
class LongText {
  #joined = '';
  #pieces: string[] = [];

  /** @param piece not empty */
  add(piece: string): void {
    if (this.#pieces.push(piece) >= BLOCK) this.#join();
  }

  whole(): string {
    this.#join();
    return this.#joined;
  }

  #join(): void {
    this.#joined += this.#pieces.join('');
    this.#pieces = [];
  }
}

/** Puts an answer together from its pieces, and passes them on in batches: one per read of the engine. */
export class AnswerBuilder {
  readonly #sink: DeltaSink | undefined;
  readonly #keeps: boolean;
  #hasText = false;
  readonly #startedAt = performance.now();
  #batch: Delta[] = [];
  #bytes = 0;
  readonly #text = new LongText();
  readonly #reasoning = new LongText();
  #refusal = '';
  /** A part of an answer has come, be it an empty one. */
  #hasPart = false;
  readonly #toolCalls = new Map<number, { id: string; name: string; arguments: string }>();
  readonly #logprobs: unknown[] = [];
  #firstTokenAt: number | undefined;
  /** Why the model stopped, as the engine says it; undefined as long as it has not. */
  finish: string | undefined;
  usage: TokenUsage = { input: 0, output: 0 };
  timing: EngineTiming | undefined;
  simulated = false;
  /** A refusal is text like any other: there is no place of its own for it. */
  refusesInText = false;
  /** The engine has sent the last event of an answer. */
  complete = false;

  /** @param isPassedOn the texts are the sink's alone: a long answer is not kept for a reader who is slow */
  constructor(sink: DeltaSink | undefined, isPassedOn = false) {
    this.#sink = sink;
    this.#keeps = !isPassedOn;
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  get toolCallCount(): number {
    return this.#toolCalls.size;
  }

  /** The last event has come, the one that is none of the model's. @throws EngineFault where it was the only one */
  end(): void {
    if (this.finish === undefined && this.#isEmpty) throw new EngineFault(NO_PART);
    this.complete = true;
  }

  text(text: string): void {
    this.#hasPart = true;
    if (text === '') return;
    this.#hasText = true;
    if (this.#keeps) this.#text.add(text);
    this.#batch.push({ text });
  }

  reasoning(reasoning: string): void {
    if (reasoning === '') return;
    this.#hasText = true;
    if (this.#keeps) this.#reasoning.add(reasoning);
    this.#batch.push({ reasoning });
  }

  /** Why the model does not answer, in its own words. */
  refusal(refusal: string): void {
    if (this.refusesInText) this.text(refusal);
    if (this.refusesInText || refusal === '') return;
    this.#hasText = true;
    if (this.#keeps) this.#refusal += refusal;
    this.#batch.push({ refusal });
  }

  /** What says nothing new is passed over: an empty piece, an id that is known. A call without an id gets one. */
  toolCalls(pieces: readonly ToolCallDelta[]): void {
    const news: ToolCallDelta[] = [];
    for (const { index, id, function: called } of pieces) {
      const { name = '', arguments: args = '' } = called;
      const call = this.#toolCalls.get(index) ?? { id: '', name: '', arguments: '' };
      if (name === '' && args === '' && (id === undefined || call.id !== '')) continue;
      if (this.#toolCalls.size >= MAX_TOOL_CALLS && !this.#toolCalls.has(index)) {
        throw new EngineFault(`asked for more than ${MAX_TOOL_CALLS} tools`);
      }
      const newId = call.id === '' ? (id ?? ownCallId()) : undefined;
      call.id ||= newId ?? '';
      call.name += name;
      call.arguments += args;
      this.#bytes += CALL_PIECE_BYTES + [id ?? '', name, args].reduce((sum, each) => sum + Buffer.byteLength(each), 0);
      this.#toolCalls.set(index, call);
      news.push({ index, ...(newId !== undefined && { id: newId, type: 'function' as const }), function: called });
    }
    if (news.length > 0) this.#batch.push({ toolCalls: news });
  }

  /**
   * OpenAI's `logprobs` of a choice.
   * @param bytes of the event that they came in: they are much longer than the text they are of
   * @param withLast they belong to the last piece
   */
  logprobs(logprobs: { readonly content?: unknown }, bytes: number, withLast: boolean): void {
    if (!withLast && !Object.values(logprobs).some((each) => Array.isArray(each) && each.length > 0)) return;
    this.#bytes += bytes;
    if (this.#keeps && Array.isArray(logprobs.content)) for (const each of logprobs.content) this.#logprobs.push(each);
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
    for (const { text = '', reasoning = '', refusal = '' } of batch) {
      this.#bytes += Buffer.byteLength(text) + Buffer.byteLength(reasoning) + Buffer.byteLength(refusal);
    }
    if (this.#bytes > MAX_ANSWER_BYTES) throw new EngineFault('sent an answer of more than 8 MiB');
    return { wait: this.#sink?.(batch) };
  }

  /** @throws EngineFault for what is no answer, though it ended like one */
  build(): EngineAnswer {
    if (!this.#hasPart && this.#isEmpty) throw new EngineFault(NO_PART);
    const toolCalls = [...this.#toolCalls.entries()]
      .sort(([one], [other]) => one - other)
      .map(([, { id, name, arguments: args }]): ToolCall => {
        if (name === '') throw new EngineFault(NAMELESS);
        return { id, type: 'function', function: { name, arguments: args } };
      });
    if (toolCalls.length === 0 && this.#isEmpty && saysTools(this.finish)) throw new EngineFault(NAMELESS);
    return {
      text: this.#text.whole(),
      reasoning: this.#reasoning.whole(),
      toolCalls,
      ...(this.#refusal !== '' && { refusal: this.#refusal }),
      ...(this.#logprobs.length > 0 && { logprobs: this.#logprobs }),
      finishReason: finishReason(this.finish, toolCalls.length > 0),
      usage: this.usage,
      seconds: this.elapsedSeconds,
      firstTokenSeconds: this.#firstTokenAt === undefined ? undefined : (this.#firstTokenAt - this.#startedAt) / 1000,
      engine: this.timing,
      simulated: this.simulated,
    };
  }

  get #isEmpty(): boolean {
    return !this.#hasText && this.#toolCalls.size === 0;
  }
}

/** In the form of OpenAI's. */
export function ownCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
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
  return callsTools || saysTools(said) ? 'tool_calls' : 'stop';
}

function saysTools(said: string | undefined): boolean {
  return said === 'tool_calls' || said === 'function_call';
}
