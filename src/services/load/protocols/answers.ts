import { errorIn, saidBy, titleOf } from '../../chain/said.ts';
import { defined } from '../../defined.ts';
import { brief } from '../engine/brief.ts';
import type { AnswerFigures } from '../engine/request-record.ts';
import type { TokenMeter } from '../engine/stream/token-meter.ts';
import type { Judge, Verdict } from './protocol.ts';

/** Figures while they are gathered. */
export type Figures = { -readonly [K in keyof AnswerFigures]: AnswerFigures[K] };

/** Characters of a failure's words where the time to wait stands behind them. */
const BEFORE_RETRY = 160;

/** An answer that is no success. A redirect is never followed: the load would arrive elsewhere than it says. */
export function httpError(status: number, text: string, location?: string, retryAfter?: string): Verdict {
  const redirect = status >= 300 && status < 400 && location !== undefined ? `: redirects to ${location}` : undefined;
  const error = brief(`HTTP ${status}${redirect ?? saidOf(text)}`);
  const isWait = retryAfter !== undefined && retryAfter !== '' && (status === 429 || status === 503);
  return { outcome: 'http_error', class: String(status), error: isWait ? withWait(error, retryAfter) : error };
}

/** With the time after which the other side wants to be asked again: seconds, or a date. */
function withWait(error: string, retryAfter: string): string {
  const words = error.length <= BEFORE_RETRY ? error : `${error.slice(0, BEFORE_RETRY - 1)}…`;
  const after = /^\d+$/.test(retryAfter) ? `${retryAfter} s` : retryAfter;
  return brief(`${words}${/^HTTP \d+$/.test(words) ? ' error:' : ''} (retry after ${after})`);
}

/**
 * Judges a streamed 200, which its meter has read.
 *
 * @param judge of plain answers: a stream may end with one
 */
export function judgeStream(meter: TokenMeter, judge: Judge): Verdict {
  meter.end();
  const { fault, usage, host, model, finish, lastLine, isEstimated } = meter;
  const ending = finish === undefined ? {} : { finish };
  if (fault !== undefined) return { ...invalid(fault.class, fault.error), ...ending };
  if (finish === FILTERED) return { ...filteredOut(), ...ending };
  const whole = lastLine === '' ? undefined : judge(200, lastLine);
  if (whole !== undefined && whole.outcome !== 'ok') return whole;
  const figures: Figures = { ...whole?.figures, ...usage, output_tokens: meter.outputTokens };
  const estimated = isEstimated ? { tokens_estimated: true } : {};
  return {
    outcome: 'ok',
    class: 'ok',
    error: '',
    ...hostOf({ host }),
    ...defined({ model }),
    ...whole,
    figures,
    ...ending,
    ...estimated,
  };
}

/**
 * Judges answers, and one that is the same as the one before without reading it again: refusals and the answers of
 * small endpoints are.
 */
export function remembering(judge: Judge): Judge {
  let last: { status: number; text: string; location?: string; retryAfter?: string; verdict: Verdict } | undefined;
  return (status, text, location, retryAfter) => {
    const isSame = last?.status === status && last.text === text && last.location === location;
    if (last === undefined || !isSame || last.retryAfter !== retryAfter) {
      const verdict = judge(status, text, location, retryAfter);
      last = { status, text, ...defined({ location, retryAfter }), verdict };
    }
    return last.verdict;
  };
}

/** Written one by one: objects that are made to be spread cost more than the rest of a record. */
export function keep(into: Figures, key: keyof Figures, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) into[key] = value;
}

export function hostOf(body: unknown): { host?: string } {
  return isObject(body) && typeof body.host === 'string' ? { host: brief(body.host) } : {};
}

/**
 * What an answer says about its failure: a service's `detail` after a colon. What engines and gateways say stands behind
 * the word "error", so that it is not taken for a service's.
 */
function saidOf(text: string): string {
  const said = saidBy(text);
  if (said === undefined) return '';
  return said.isDetail ? `: ${said.words}` : ` error: ${said.words}`;
}

/**
 * A success by its status that is none: an error with 200, as some servers and gateways send it, or no JSON at all.
 *
 * @param body of the answer, as far as it is JSON
 * @returns undefined for a JSON object without an error
 */
export function notAnAnswer(body: unknown, text: string): Verdict | undefined {
  if (isObject(body)) return errorAnswer(body);
  if (text.trim() === '') return invalid('not-json', 'the answer is empty');
  const page = titleOf(text);
  if (page !== undefined) return invalid('not-json', brief(`the answer is ${page}`));
  if (isStream(text)) return invalid('not-json', UNASKED_STREAM);
  return invalid('not-json', 'the answer is not a JSON object');
}

/** What a target sends to whom it takes for one who reads streams. */
export const UNASKED_STREAM = 'the answer is a stream that was not asked for';

/** Server-sent events, or JSON by the line. */
function isStream(text: string): boolean {
  if (/^\s*(data|event|id):/.test(text)) return true;
  const [first = '', second] = text.trimStart().split('\n', 2);
  return second?.startsWith('{') === true && isObject(parsed(first));
}

/** An error with a status of success, whatever the API; undefined where the body carries none. */
export function errorAnswer(body: unknown): Verdict | undefined {
  const error = errorIn(body);
  return error === undefined ? undefined : invalid('error-answer', brief(`answered with an error: ${error}`));
}

export function parsed(text: string): unknown {
  // Told apart by its beginning, because an exception costs more than all the rest of a request.
  if (!/^[\s]*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why an answer ended that is not what the model said: its figures are not those of an answer. */
export const FILTERED = 'content_filter';

export function filteredOut(): Verdict {
  return invalid('content-filter', 'the target filtered the answer out');
}

export function invalid(name: string, error: string): Verdict {
  return { outcome: 'invalid', class: name, error };
}
