import { BARE_JSON_TYPE } from '../http.ts';
import type { Ending, Piece, Wire } from '../wire.ts';

const TYPES = {
  stream: 'text/event-stream',
  whole: BARE_JSON_TYPE,
  idle: BARE_JSON_TYPE,
  refusal: BARE_JSON_TYPE,
  failure: BARE_JSON_TYPE,
};
const DONE = 'data: [DONE]\n\n';
const NO_USAGE = usageOf(0, 0);

/** How an answer is streamed, and what its last event tells beside the rest. */
export interface StreamWish {
  readonly model: string;
  readonly streamed: boolean;
  readonly withUsage: boolean;
}

/** What the routes differ in. `choices` are JSON; `finish` is a finish reason as JSON. */
interface Shape {
  /** @param usage undefined for an event without */
  event(choices: string, usage: string | undefined, model?: string): string;
  choice(piece: Piece, finish: string): string;
  whole(piece: Piece, finish: string, usage: string): string;
  /** Of every event of a stream that is to end with its usage. */
  readonly usageBefore: string | undefined;
}

/** Ollama's errors on these routes, whatever their status (seen with 0.17.4). */
export function lateError(message: string): string {
  return errorBody('api_error', message);
}

/** What is refused before a model is looked at. */
export function refusal(status: number, message: string): string {
  const type = status === 400 ? 'invalid_request_error' : status === 404 ? 'not_found_error' : 'api_error';
  return errorBody(type, message);
}

function errorBody(type: string, message: string): string {
  return JSON.stringify({ error: { message, type, param: null, code: null } });
}

/** `/v1/chat/completions`. */
export function chatCompletionWire(wish: StreamWish): Wire {
  const id = newId('chatcmpl');
  const name = JSON.stringify(wish.model);
  const head = (object: string, model = name) =>
    `{"id":"${id}","object":"${object}","created":${now()},"model":${model},"system_fingerprint":"fp_ollama"`;
  const message = ({ text = '', thinking, toolCalls }: Piece) => {
    const calls = toolCalls?.map(({ id: callId, name: tool, arguments: args }, index) => ({
      id: callId,
      index,
      type: 'function',
      function: { name: tool, arguments: JSON.stringify(args) },
    }));
    return `{"role":"assistant","content":${JSON.stringify(text)}${
      thinking ? `,"reasoning":${JSON.stringify(thinking)}` : ''
    }${calls ? `,"tool_calls":${JSON.stringify(calls)}` : ''}}`;
  };
  const event: Shape['event'] = (choices, usage, model) =>
    `${head('chat.completion.chunk', model)},"choices":[${choices}]${usage ? `,"usage":${usage}` : ''}`;
  return openAiWire(wish, {
    event,
    choice: (piece, finish) => `{"index":0,"delta":${message(piece)},"finish_reason":${finish}}`,
    whole: (piece, finish, usage) =>
      `${head('chat.completion')},"choices":[{"index":0,"message":${message(piece)},"finish_reason":${finish}}],"usage":${usage}`,
    usageBefore: undefined,
  });
}

/** `/v1/completions`. */
export function completionWire(wish: StreamWish): Wire {
  const id = newId('cmpl');
  const name = JSON.stringify(wish.model);
  const head = () => `{"id":"${id}","object":"text_completion","created":${now()}`;
  const rest = (model = name) => `"model":${model},"system_fingerprint":"fp_ollama"`;
  const choice: Shape['choice'] = ({ text = '' }, finish) =>
    `{"text":${JSON.stringify(text)},"index":0,"finish_reason":${finish}}`;
  return openAiWire(wish, {
    event: (choices, usage, model) =>
      `${head()},"choices":[${choices}],${rest(model)}${usage ? `,"usage":${usage}` : ''}`,
    choice,
    whole: (piece, finish, usage) => `${head()},${rest()},"choices":[${choice(piece, finish)}],"usage":${usage}`,
    usageBefore: wish.withUsage ? NO_USAGE : undefined,
  });
}

function openAiWire({ streamed, withUsage }: StreamWish, shape: Shape): Wire {
  const { event, choice, whole, usageBefore } = shape;
  let hasCalled = false;
  const data = (json: string) => `data: ${json}}\n\n`;
  const end = (finish: string, usage: string) =>
    data(`${event(choice({}, finish), usageBefore)},"simulated":true`) +
    (withUsage ? data(event('', usage)) : '') +
    DONE;
  return {
    streamed,
    types: streamed ? { ...TYPES, idle: TYPES.stream } : TYPES,
    piece(piece) {
      hasCalled ||= piece.toolCalls !== undefined;
      return data(event(choice(piece, 'null'), usageBefore));
    },
    ending: (ending) => end(finishOf(ending, hasCalled), usageOf(ending.promptTokens, ending.outputTokens)),
    whole(said, ending) {
      const usage = usageOf(ending.promptTokens, ending.outputTokens);
      return `${whole(said, finishOf(ending, said.toolCalls !== undefined), usage)},"simulated":true}`;
    },
    idle: (reason) => (streamed ? end(`"${reason}"`, NO_USAGE) : `${whole({}, `"${reason}"`, NO_USAGE)}}`),
    failure: (_, message) => lateError(message),
    // Ollama takes its own error for a piece without anything, and ends there: no reason, no `[DONE]` (seen with 0.17.4).
    lateFailure: () => data(event(choice({}, 'null'), usageBefore, '""')),
    spoilt: (text) => `data: ${text}\n\n`,
  };
}

function finishOf({ doneReason }: Ending, hasCalled: boolean): string {
  return hasCalled ? '"tool_calls"' : `"${doneReason}"`;
}

function usageOf(prompt: number, completion: number): string {
  const total = prompt + completion;
  return `{"prompt_tokens":${prompt},"completion_tokens":${completion},"total_tokens":${total}}`;
}

/** Ollama's ids are no more than that. */
function newId(kind: string): string {
  return `${kind}-${Math.floor(Math.random() * 999)}`;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
