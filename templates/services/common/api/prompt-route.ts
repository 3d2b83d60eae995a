import { Problem } from '../problem.ts';
import { MIN_PROMPT_CHARS, type Prompt, validatePrompt } from '../prompt.ts';
import { flag, number, object, text, WORK_FAILURES } from './openapi.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';
import { type Call, handleWork, type WorkDeps, type WorkResult, type WorkSpec } from './work.ts';

export interface PromptRouteOptions extends Pick<WorkSpec, 'checkHope'> {
  /** `/chain` or `/invoke`. */
  readonly path: string;
  readonly summary: string;
  /** What it answers with, for /openapi.json. */
  readonly answer: Schema;
  readonly deps: WorkDeps;
  /** Throws a `Problem` for every answer other than 200; with `stream` it answers by `call.stream`. */
  readonly work: (prompt: Prompt, stream: boolean, call: Call) => Promise<WorkResult>;
}

const REQUEST: Schema = {
  type: 'object',
  properties: { prompt: { type: 'string', minLength: MIN_PROMPT_CHARS }, stream: { type: 'boolean', default: false } },
  required: ['prompt'],
};

/** The headers of lines of JSON that come as they are made. */
export const NDJSON_HEADERS = {
  'content-type': 'application/x-ndjson',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** One POST that takes a prompt of at least 1000 characters. */
export function promptRoute({ path, summary, answer, deps, work, checkHope }: PromptRouteOptions): Route {
  const spec: WorkSpec = {
    leastMs: deps.settings.minProcessMs,
    ...(checkHope && { checkHope }),
    run: (body, call) => {
      const prompt = validatePrompt(body);
      return work(prompt, streamOf(body as { stream?: unknown }), call);
    },
  };
  return {
    method: 'POST',
    path,
    doc: {
      summary,
      tag: 'chain',
      request: REQUEST,
      isStrict: true,
      answers: { 'application/json': answer, 'application/x-ndjson': LINE },
      failures: WORK_FAILURES.filter((status) => status !== 404),
    },
    handle: (exchange) => handleWork(exchange, deps, spec),
  };
}

const LINE: Schema = object({}, { hop: text, token: text, done: flag, error: text, detail: text, status: number });
export const TIMING: Schema = { type: 'object', additionalProperties: true };

function streamOf({ stream }: { stream?: unknown }): boolean {
  if (stream === undefined) return false;
  if (typeof stream !== 'boolean') throw new Problem(400, 'stream must be true or false', {}, { param: 'stream' });
  return stream;
}

/** The last line of a stream that fails after its head. */
export function failureLine(problem: Problem, hop: string): string {
  const { message, status } = problem;
  return `${JSON.stringify({ error: message, detail: message, hop, status })}\n`;
}

/** One piece of a hop's text. */
export function tokenLine(hop: string, token: string): string {
  return `{"hop":${JSON.stringify(hop)},"token":${JSON.stringify(token)}}\n`;
}
