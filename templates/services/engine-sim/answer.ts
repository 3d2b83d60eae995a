import type { ServerResponse } from 'node:http';
import { EngineError } from './engine-error.ts';
import { BARE_JSON_TYPE, JSON_TYPE, sendJson, startLines } from './http.ts';
import type { TaskTiming } from './runner.ts';
import type { GeneratedText } from './text.ts';

const NS_PER_MS = 1e6;

/** How an endpoint writes its answer. */
export interface Answering {
  /** The name that the request has. */
  readonly modelAsked: string;
  /** The field that carries the text. */
  readonly carry: (text: string) => Record<string, unknown>;
  /** Whether the conversation's tokens come with the answer. */
  readonly withContext: boolean;
}

/** One answer, whole or as a stream of lines. */
export class Answer {
  readonly streamed: boolean;
  readonly #answering: Answering;
  readonly #outgoing: ServerResponse;
  readonly #passedMs: () => number;
  readonly #loadMs: number;
  #writeLine: ((line: unknown) => void) | undefined;

  /** Made when the model is loaded. @param passedMs since the request arrived */
  constructor(answering: Answering, outgoing: ServerResponse, streamed: boolean, passedMs: () => number) {
    this.#answering = answering;
    this.#outgoing = outgoing;
    this.streamed = streamed;
    this.#passedMs = passedMs;
    this.#loadMs = passedMs();
  }

  /** A token of a stream; the one that ends a text has no text, and is not sent. */
  part(text: string | undefined): void {
    if (text !== undefined) this.#write({ ...this.#answering.carry(text), done: false });
  }

  finish(timing: TaskTiming, promptTokens: number, text: GeneratedText, spoken: () => number[]): void {
    const last = {
      done: true,
      done_reason: text.doneReason,
      ...(this.#answering.withContext ? { context: spoken() } : {}),
      ...this.#figures(timing, promptTokens, text.count),
      simulated: true,
    };
    if (this.streamed) {
      this.#write({ ...this.#answering.carry(''), ...last });
      this.#outgoing.end();
    } else {
      sendJson(this.#outgoing, 200, this.#line({ ...this.#answering.carry(text.tokens.join('')), ...last }));
    }
  }

  fail(error: unknown, type = this.streamed ? BARE_JSON_TYPE : JSON_TYPE): void {
    const status = error instanceof EngineError ? error.status : 500;
    sendJson(this.#outgoing, status, { error: error instanceof Error ? error.message : String(error) }, type);
  }

  #line(fields: Record<string, unknown>): Record<string, unknown> {
    return { model: this.#answering.modelAsked, created_at: new Date().toISOString(), ...fields };
  }

  #write(fields: Record<string, unknown>): void {
    this.#writeLine ??= startLines(this.#outgoing);
    this.#writeLine(this.#line(fields));
  }

  /** Durations in nanoseconds. What is 0 is left out, as in Ollama; getting at the model always took something. */
  #figures({ promptMs, outputMs }: TaskTiming, promptTokens: number, count: number): Record<string, number> {
    const load_duration = Math.max(1, Math.round(this.#loadMs * NS_PER_MS));
    const prompt_eval_duration = Math.round(promptMs * NS_PER_MS);
    const eval_duration = Math.round(outputMs * NS_PER_MS);
    const total = Math.round(this.#passedMs() * NS_PER_MS);
    return {
      total_duration: Math.max(total, load_duration + prompt_eval_duration + eval_duration),
      load_duration,
      prompt_eval_count: promptTokens,
      ...(prompt_eval_duration > 0 ? { prompt_eval_duration } : {}),
      eval_count: count,
      ...(eval_duration > 0 ? { eval_duration } : {}),
    };
  }
}
