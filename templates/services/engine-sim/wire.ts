import { BARE_JSON_TYPE, JSON_TYPE } from './http.ts';

/** A part of what a model says. */
export interface Piece {
  readonly text?: string;
  readonly thinking?: string;
  readonly toolCalls?: readonly ToolCall[];
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What an answer's end tells. */
export interface Ending {
  readonly doneReason: 'stop' | 'length';
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Nanoseconds, as Ollama names them. */
  readonly durations: Readonly<Record<string, number>>;
  /** The conversation as tokens, the answer with it. */
  readonly context: () => readonly number[];
}

/** Content types. */
interface WireTypes {
  readonly stream: string;
  readonly whole: string;
  /** Of an answer for which nothing was said. */
  readonly idle: string;
  /** Of an error before a runner was asked, and of one that only the runner found. */
  readonly refusal: string;
  readonly failure: string;
}

/** How a route writes its answers. */
export interface Wire {
  readonly streamed: boolean;
  readonly types: WireTypes;
  /** One event, with what separates it from the next. */
  piece(piece: Piece): string;
  /** The events with which a stream ends. */
  ending(ending: Ending): string;
  /** An answer in one piece. */
  whole(said: Piece, ending: Ending): string;
  /** The body of an answer to a request for which nothing was said. */
  idle(reason: 'load' | 'unload'): string;
  failure(status: number, message: string): string;
  /** What a failure in a stream looks like, which ends there. */
  lateFailure(message: string): string;
  /** An event with this text in the place of JSON. */
  spoilt(text: string): string;
}

/** Ollama's own: lines of JSON. @param carry the field with what was said, as JSON */
function ollamaWire(model: string, streamed: boolean, carry: (piece: Piece) => string, withContext: boolean): Wire {
  const name = JSON.stringify(model);
  const line = (said: Piece, rest: string) => `{"model":${name},"created_at":"${now()}",${carry(said)},${rest}}`;
  const last = (said: Piece, { doneReason, promptTokens, outputTokens, durations, context }: Ending) => {
    const { total_duration, load_duration, prompt_eval_duration, eval_duration } = durations;
    // Ollama's order of fields, and what is 0 or undefined is left out.
    const rest = {
      done: true,
      done_reason: doneReason,
      ...(withContext ? { context: context() } : {}),
      total_duration,
      load_duration,
      prompt_eval_count: promptTokens,
      prompt_eval_duration,
      eval_count: outputTokens,
      eval_duration,
      simulated: true,
    };
    return line(said, JSON.stringify(rest).slice(1, -1));
  };
  return {
    streamed,
    types: {
      stream: 'application/x-ndjson',
      whole: JSON_TYPE,
      idle: JSON_TYPE,
      refusal: JSON_TYPE,
      failure: streamed ? BARE_JSON_TYPE : JSON_TYPE,
    },
    piece: (piece) => `${line(piece, '"done":false')}\n`,
    ending: (ending) => `${last({}, ending)}\n`,
    whole: last,
    idle: (reason) => line({}, `"done":true,"done_reason":"${reason}","simulated":true`),
    failure: (_, error) => JSON.stringify({ error }),
    lateFailure: (error) => `${JSON.stringify({ error })}\n`,
    spoilt: (text) => `${text}\n`,
  };
}

/** `/api/generate`. */
export function generateWire(model: string, streamed: boolean, withContext: boolean): Wire {
  const carry = ({ text = '', thinking }: Piece) =>
    `"response":${JSON.stringify(text)}${thinking ? `,"thinking":${JSON.stringify(thinking)}` : ''}`;
  return ollamaWire(model, streamed, carry, withContext);
}

/** `/api/chat`. */
export function chatWire(model: string, streamed: boolean): Wire {
  const carry = ({ text = '', thinking, toolCalls }: Piece) => {
    const calls = toolCalls?.map(({ id, name, arguments: args }, index) => ({
      id,
      function: { index, name, arguments: args },
    }));
    return `"message":{"role":"assistant","content":${JSON.stringify(text)}${
      thinking ? `,"thinking":${JSON.stringify(thinking)}` : ''
    }${calls ? `,"tool_calls":${JSON.stringify(calls)}` : ''}}`;
  };
  return ollamaWire(model, streamed, carry, false);
}

let lastMs = 0;
let lastText = '';

/** Written once per millisecond: a fast stream has many lines in each. */
function now(): string {
  const ms = Date.now();
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = new Date(ms).toISOString();
  }
  return lastText;
}
