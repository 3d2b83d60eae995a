import { errorTextOf } from '../../chain/schemas.ts';
import type { AnswerKind } from '../target.ts';
import { brief } from './brief.ts';
import type { AnswerFigures } from './request-record.ts';
import type { TokenMeter } from './stream/token-meter.ts';

/** What an answer turned out to be. */
export interface Verdict {
  readonly outcome: 'ok' | 'http_error' | 'invalid';
  readonly class: string;
  readonly error: string;
  readonly host?: string;
  readonly figures?: AnswerFigures;
}

/**
 * Judges one complete HTTP answer against the contract of its endpoint: only a 200 with the promised fields is a
 * success. For other endpoints every 2xx is.
 */
export function judgeAnswer(kind: AnswerKind, status: number, text: string, location?: string): Verdict {
  const success = kind === 'any' ? status >= 200 && status < 300 : status === 200;
  if (!success) {
    // A redirect is never followed: the load would arrive elsewhere than it says.
    const redirect = status >= 300 && status < 400 && location !== undefined ? `: redirects to ${location}` : undefined;
    return { outcome: 'http_error', class: String(status), error: brief(`HTTP ${status}${redirect ?? saidOf(text)}`) };
  }
  const body = parsed(text);
  if (kind === 'any') return { outcome: 'ok', class: 'ok', error: '', ...hostOf(body) };
  if (!isObject(body)) return invalid('not-json', 'the answer is not a JSON object');
  const b = kind === 'chain' ? body.b_result : body;
  const missing = kind === 'chain' ? missingInChain(body) : missingInB(body);
  if (missing !== undefined || !isObject(b)) return invalid('not-the-contract', `the answer has no ${missing}`);
  return { outcome: 'ok', class: 'ok', error: '', ...hostOf(b), figures: figuresOf(kind === 'chain' ? body : {}, b) };
}

/** Judges a streamed 200, which its meter has read. */
export function judgeStream(meter: TokenMeter): Verdict {
  meter.end();
  const { problem, reported, outputTokens } = meter;
  if (problem !== '') return invalid('broken-stream', brief(problem));
  const figures: Figures = { output_tokens: outputTokens };
  keep(figures, 'prompt_tokens', reported?.promptTokens);
  return { outcome: 'ok', class: 'ok', error: '', ...hostOf(reported), figures };
}

/**
 * Judges answers, and one that is the same as the one before without reading it again: refusals and the answers of
 * small endpoints are.
 */
export function judge(kind: AnswerKind): (status: number, text: string, location?: string) => Verdict {
  let lastStatus = -1;
  let lastText = '';
  let lastLocation: string | undefined;
  let last: Verdict | undefined;
  return (status, text, location) => {
    if (last !== undefined && status === lastStatus && text === lastText && location === lastLocation) return last;
    last = judgeAnswer(kind, status, text, location);
    lastStatus = status;
    lastText = text;
    lastLocation = location;
    return last;
  };
}

function missingInChain(body: Record<string, unknown>): string | undefined {
  if (typeof body.a_summary !== 'string') return 'a_summary';
  if (!isObject(body.b_result)) return 'b_result';
  const inB = missingInB(body.b_result);
  return inB === undefined ? undefined : `b_result.${inB}`;
}

function missingInB(body: Record<string, unknown>): string | undefined {
  if (typeof body.llm_text !== 'string') return 'llm_text';
  return typeof body.host === 'string' ? undefined : 'host';
}

type Figures = { -readonly [K in keyof AnswerFigures]: AnswerFigures[K] };

function figuresOf(a: Record<string, unknown>, b: Record<string, unknown>): AnswerFigures {
  const inA = isObject(a.timing) ? a.timing : {};
  const inB = isObject(b.timing) ? b.timing : {};
  const usage = isObject(b.usage) ? b.usage : {};
  const found: Figures = {};
  keep(found, 'a_local_seconds', inA.a_local_seconds);
  keep(found, 'b_remote_seconds', inA.b_remote_seconds);
  keep(found, 'end_to_end_seconds', inA.end_to_end_seconds);
  keep(found, 'ollama_seconds', inB.ollama_seconds);
  keep(found, 'total_seconds', inB.total_seconds);
  keep(found, 'prompt_tokens', usage.prompt_eval_count);
  keep(found, 'output_tokens', usage.eval_count);
  keep(found, 'a_queue_seconds', inA.queue_seconds);
  keep(found, 'b_queue_seconds', inB.queue_seconds);
  if (isObject(inA.engine)) {
    keep(found, 'a_engine_queue_seconds', inA.engine.queue_seconds);
    keep(found, 'a_load_seconds', inA.engine.load_seconds);
    keep(found, 'a_prompt_seconds', inA.engine.prompt_seconds);
    keep(found, 'a_generation_seconds', inA.engine.generation_seconds);
  }
  if (isObject(inB.engine)) {
    keep(found, 'b_engine_queue_seconds', inB.engine.queue_seconds);
    keep(found, 'b_load_seconds', inB.engine.load_seconds);
    keep(found, 'b_prompt_seconds', inB.engine.prompt_seconds);
    keep(found, 'b_generation_seconds', inB.engine.generation_seconds);
  }
  return found;
}

/** Written one by one: objects that are made to be spread cost more than the rest of a record. */
function keep(into: Figures, key: keyof Figures, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) into[key] = value;
}

function hostOf(body: unknown): { host?: string } {
  return isObject(body) && typeof body.host === 'string' ? { host: brief(body.host) } : {};
}

/**
 * What an answer says about its failure: a service's `detail` after a colon. What engines and gateways call `error` stands
 * behind that word, so that it is not taken for a service's.
 */
function saidOf(text: string): string {
  const body = parsed(text);
  if (isObject(body) && typeof body.detail === 'string') return `: ${body.detail}`;
  const error = errorTextOf(body);
  return error === undefined ? '' : ` error: ${error}`;
}

function parsed(text: string): unknown {
  // Told apart by its beginning, because an exception costs more than all the rest of a request.
  if (!/^[\s]*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(name: string, error: string): Verdict {
  return { outcome: 'invalid', class: name, error };
}
