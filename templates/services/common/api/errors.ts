import { Problem } from '../problem.ts';

/** Whose clients read an answer: those of OpenAI's API, of Ollama's, or of this project's own routes. */
export type Family = 'openai' | 'ollama' | 'own';

export function familyOf(path: string): Family {
  if (path === '/v1' || path.startsWith('/v1/')) return 'openai';
  return path === '/api' || path.startsWith('/api/') ? 'ollama' : 'own';
}

/** What a status means where its `Problem` names no code. */
const CODES: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'request_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limit_exceeded',
  500: 'internal_error',
  502: 'engine_error',
  503: 'overloaded',
  504: 'timeout',
};

/** OpenAI's error object. */
export interface ApiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

export function apiError(problem: Problem): ApiError {
  const { status, message, param, code } = problem;
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { message, type, param: param ?? null, code: code ?? CODES[status] ?? null };
}

/** The body of an answer other than 200, and of the last event of a stream that fails. */
export function errorBody(family: Family, problem: Problem): Record<string, unknown> {
  if (family === 'own') return { detail: problem.message };
  if (family === 'openai') return { error: apiError(problem), detail: problem.message };
  const said = ollamaMessage(problem);
  return { error: said, detail: said };
}

/** Its headers: those of the problem, and whether it is of use to ask again. */
export function errorHeaders({ status, headers }: Problem): Readonly<Record<string, string>> {
  // What has failed after work was done fails again: clients that repeat it by themselves would burn two generations more.
  return status === 502 || status === 504 ? { 'x-should-retry': 'false', ...headers } : headers;
}

/** Whatever was thrown, as an answer. What is no `Problem` is a defect of ours, and its text is nobody's business. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(500, 'internal error');
}

/** Pages of Ollama's API look for these beginnings. */
function ollamaMessage({ status, code, message }: Problem): string {
  if (code === 'engine_unavailable') return `Could not connect to Ollama: ${message}`;
  return status === 504 && code !== 'deadline_exceeded' ? `Ollama request timed out: ${message}` : message;
}

/** The same of another field: engines name that of a chat. */
export function namingField(error: unknown, param: string): unknown {
  if (!(error instanceof Problem) || error.param !== 'messages') return error;
  const { status, message, headers, code } = error;
  return new Problem(status, message, headers, { param, ...(code !== undefined && { code }) });
}
