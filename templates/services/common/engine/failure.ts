import { defined } from '../../../../src/services/defined.ts';
import { engineSays, engineText, errorText, parseObject } from '../engine-error.ts';
import { wholeCount } from '../engine-timing.ts';
import { overloaded, Problem, type ProblemKind } from '../problem.ts';
import { UpstreamError, type UpstreamReply } from '../upstream.ts';
import type { Engine } from './engine.ts';
import { EngineFault } from './fault.ts';

/** A caller may come back after so many seconds when the engine could not be reached. */
const UNAVAILABLE_HEADERS = { 'retry-after': '5' };

/** What every engine says about a prompt that does not fit: Ollama, llama-server, vLLM, OpenAI. */
const TOO_LONG =
  /context (length|size|window)|exceed_context_size|context_length_exceeded|maximum (context|input)|prompt is too long/i;

/** Ollama tells of a schema that it cannot use with a 500, though it is the caller's. */
const BAD_FORMAT = /invalid JSON schema in format/i;

/** What a model or a server cannot do, in the words of Ollama, llama-server and vLLM; the field that asks for it. */
const CANNOT: readonly (readonly [RegExp, string])[] = [
  [/does not support thinking|think value .* is not supported/i, 'reasoning_effort'],
  [/does not support tools|tools param requires|tool.calling is not (enabled|supported)/i, 'tools'],
  [/tool choice requires|tool_choice .*(not supported|requires)/i, 'tool_choice'],
  [/does not support insert/i, 'suffix'],
  [/does not support (chat|generate|completion|embed)/i, 'model'],
];

/** How the texts of failures begin: by the name of the engine where that is known. */
export function engineName(kind: Engine['kind']): string {
  return kind === 'ollama' ? 'ollama' : 'engine';
}

/** What a request was about, for the reason that it is refused with. */
export interface Asked {
  readonly model: string;
  /** Where the prompt stood; else `messages`. */
  readonly param?: string;
  /** The most tokens that a prompt may have, and the variable that says so; absent where the engine decides. */
  readonly limit?: { readonly tokens: number; readonly setting: string };
}

/**
 * The `Problem` of a chat, a completion or an embedding that failed; what is none of ours, a caller's end above all,
 * stays as it is. Text of the engine is one line of bounded length.
 * @param who begins the text: `ollama`, `ollama(A)`
 */
export function chatFailure(who: string, error: unknown): unknown {
  if (error instanceof EngineFault) return engineError(who, error.message);
  if (!(error instanceof UpstreamError)) return error;
  if (error.kind === 'timeout') return new Problem(504, `${who} error: ${error.message}`, {}, { code: 'timeout' });
  return error.unreached ? unavailable(who, error.message) : engineError(who, error.message);
}

/** The `Problem` for an answer other than 200; it knows that status, too. */
export function refusedChat(who: string, reply: UpstreamReply, asked: Asked): Problem {
  return Object.assign(refusal(who, reply, asked), { upstream: reply.status });
}

function refusal(who: string, reply: UpstreamReply, asked: Asked): Problem {
  const text = engineText(reply);
  if (BAD_FORMAT.test(text)) return new Problem(400, text, {}, { param: 'response_format' });
  switch (reply.status) {
    case 400: {
      if (TOO_LONG.test(reply.text.slice(0, 4096))) return tooLong(asked, text, numbersOf(reply));
      const cannot = CANNOT.find(([said]) => said.test(text));
      if (cannot) return new Problem(400, text, {}, { code: 'unsupported_parameter', param: cannot[1] });
      return new Problem(400, text || `${who} error: answered with status 400`, {}, fieldOf(reply));
    }
    case 404:
      // A route that is missing is the operator's matter: a text about a model is the caller's.
      if (!/model/i.test(text)) break;
      return new Problem(404, text, {}, { code: 'model_not_found', param: 'model' });
    case 429:
      return overloaded(`${who} ${engineSays(reply)}`, Number(reply.headers['retry-after']) || 1);
    case 503:
      return unavailable(who, engineSays(reply));
  }
  return engineError(who, engineSays(reply));
}

/**
 * The refusal of a prompt that does not fit. Its first words are OpenAI's own, by which LiteLLM and others know it.
 * @param said what the engine said
 * @param found the prompt's length and the limit, in tokens, where the engine tells them
 */
function tooLong(
  { model, param = 'messages', limit }: Asked,
  said: string,
  found: { readonly length?: number; readonly limit?: number } = {},
): Problem {
  const about = `model ${model}, ${limit === undefined ? 'set where the engine is started' : `set by ${limit.setting}`}`;
  const kind = { code: 'context_length_exceeded', param };
  if (/maximum (context|model) length/i.test(said)) return new Problem(400, `${said} (${about})`, {}, kind);
  const most = found.limit ?? limit?.tokens;
  const bound = most === undefined ? 'the prompt is too long' : `this model's maximum context length is ${most} tokens`;
  const length = found.length === undefined ? '' : `, and the prompt has ${found.length}`;
  return new Problem(400, `${bound}${length} (${about})${said && `: ${said}`}`, {}, kind);
}

/** Only llama-server has fields for them. */
function numbersOf(reply: UpstreamReply): { readonly length?: number; readonly limit?: number } {
  const { n_prompt_tokens: length, n_ctx: limit } = errorObject(reply);
  const count = (value: unknown) => wholeCount(value) || undefined;
  return defined({ length: count(length), limit: count(limit) });
}

/** The field that the engine itself names: OpenAI's `param`. */
function fieldOf(reply: UpstreamReply): ProblemKind {
  const { param, code } = errorObject(reply);
  return {
    ...(typeof param === 'string' && /^[\w.[\]]{1,100}$/.test(param) && { param }),
    ...(code === 'unsupported_parameter' && { code }),
  };
}

function errorObject(reply: UpstreamReply): Readonly<Record<string, unknown>> {
  const error = parseObject(reply.text)?.error;
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
}

/** A route that not every engine has. */
export function refusedRoute(who: string, url: string, path: string, reply: UpstreamReply, asked: Asked): Problem {
  const { status } = reply;
  const isMissing = status === 405 || status === 501 || (status === 404 && !/model/i.test(engineText(reply)));
  if (!isMissing) return refusedChat(who, reply, asked);
  // Ollama has the route, and says this of a model that cannot do it.
  if (status === 501 && errorText(parseObject(reply.text)) !== undefined) {
    return new Problem(400, engineText(reply), {}, { code: 'unsupported_parameter', param: 'model' });
  }
  return new Problem(400, `the engine at ${url} has no ${path}`, {}, { code: 'unsupported_parameter' });
}

/** The contract of `/chain` and `/invoke` knows two statuses: 504 for what took too long, else 502. */
export function generateFailure(who: string, error: unknown): unknown {
  const problem = chatFailure(who, error);
  if (!(error instanceof EngineFault || error instanceof UpstreamError)) return error;
  return problem instanceof Problem && problem.status === 503
    ? new Problem(502, problem.message, {}, { code: 'engine_unavailable' })
    : problem;
}

/** The same for an answer other than 200. */
export function refusedGenerate(who: string, reply: UpstreamReply): Problem {
  const code = refusedChat(who, reply, { model: '' }).code ?? 'engine_error';
  const problem = new Problem(502, `${who} error: ${engineSays(reply)}`, {}, { code });
  return Object.assign(problem, { upstream: reply.status });
}

export function engineError(who: string, why: string): Problem {
  return new Problem(502, `${who} error: ${why}`, {}, { code: 'engine_error' });
}

export function unavailable(who: string, why: string): Problem {
  return new Problem(503, `${who} error: ${why}`, UNAVAILABLE_HEADERS, { code: 'engine_unavailable' });
}
