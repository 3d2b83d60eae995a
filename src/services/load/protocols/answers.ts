import { errorTextOf } from '../../chain/schemas.ts';
import { brief } from '../engine/brief.ts';
import type { AnswerFigures } from '../engine/request-record.ts';
import type { TokenMeter } from '../engine/stream/token-meter.ts';
import type { Judge, Verdict } from './protocol.ts';

/** Figures while they are gathered. */
export type Figures = { -readonly [K in keyof AnswerFigures]: AnswerFigures[K] };

/** An answer that is no success. A redirect is never followed: the load would arrive elsewhere than it says. */
export function httpError(status: number, text: string, location: string | undefined): Verdict {
  const redirect = status >= 300 && status < 400 && location !== undefined ? `: redirects to ${location}` : undefined;
  return { outcome: 'http_error', class: String(status), error: brief(`HTTP ${status}${redirect ?? saidOf(text)}`) };
}

/**
 * Judges a streamed 200, which its meter has read.
 *
 * @param judge of plain answers: a stream may end with one
 */
export function judgeStream(meter: TokenMeter, judge: Judge): Verdict {
  meter.end();
  const { fault, usage, host, finish, lastLine, isEstimated } = meter;
  const ending = finish === undefined ? {} : { finish };
  if (fault !== undefined) return { ...invalid(fault.class, fault.error), ...ending };
  const whole = lastLine === '' ? undefined : judge(200, lastLine);
  if (whole !== undefined && whole.outcome !== 'ok') return whole;
  const figures: Figures = { ...whole?.figures, ...usage, output_tokens: meter.outputTokens };
  const estimated = isEstimated ? { tokens_estimated: true } : {};
  return { outcome: 'ok', class: 'ok', error: '', ...hostOf({ host }), ...whole, figures, ...ending, ...estimated };
}

/**
 * Judges answers, and one that is the same as the one before without reading it again: refusals and the answers of
 * small endpoints are.
 */
export function remembering(judge: Judge): Judge {
  let last: { status: number; text: string; location: string | undefined; verdict: Verdict } | undefined;
  return (status, text, location) => {
    if (last?.status !== status || last.text !== text || last.location !== location) {
      last = { status, text, location, verdict: judge(status, text, location) };
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
 * What an answer says about its failure: a service's `detail` after a colon. What engines and gateways call `error` stands
 * behind that word, so that it is not taken for a service's.
 */
function saidOf(text: string): string {
  const body = parsed(text);
  if (isObject(body) && typeof body.detail === 'string') return `: ${body.detail}`;
  const error = errorTextOf(body);
  return error === undefined ? '' : ` error: ${error}`;
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

export function invalid(name: string, error: string): Verdict {
  return { outcome: 'invalid', class: name, error };
}
