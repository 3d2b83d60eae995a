import { brief } from '../engine/brief.ts';
import { FILTERED, filteredOut, hostOf, httpError, invalid, isObject, notAnAnswer, parsed } from './answers.ts';
import type { Judge, Verdict } from './protocol.ts';
import { type Usage, usageOf } from './usage.ts';

/** A JSON object of an answer. */
export type Body = Readonly<Record<string, unknown>>;

/** What one answer of a model brought, in whatever form. */
export interface ModelAnswer {
  /** The first field that it has not and has to have. */
  readonly missing?: string | undefined;
  /** Whether there is anything in it: text, reasoning, a tool call, a refusal. */
  readonly hasContent: boolean;
  /** Why the model stopped, in the API's words. */
  readonly reason?: unknown;
}

/** Fewer tokens are the end of the answer, and nothing before it. */
const SOME_TOKENS = 2;

/**
 * Judges whole answers of models: a 2xx with the fields that the API promises, and something in it.
 *
 * @param read what an answer of the API has, by its fields
 */
export function modelJudge(read: (body: Body) => ModelAnswer): Judge {
  return (status, text, location, retryAfter) => {
    if (status < 200 || status >= 300) return httpError(status, text, location, retryAfter);
    const body = parsed(text);
    const fault = notAnAnswer(body, text);
    if (fault !== undefined || !isObject(body)) return fault ?? invalid('not-json', 'the answer is not a JSON object');
    const answer = read(body);
    const figures = usageOf(body);
    const finish = typeof answer.reason === 'string' ? { finish: brief(answer.reason) } : {};
    const wrong = faultOf(answer, figures);
    if (wrong !== undefined) return { ...wrong, ...finish };
    return { outcome: 'ok', class: 'ok', error: '', ...told(body), figures, ...finish };
  };
}

function faultOf({ missing, hasContent, reason }: ModelAnswer, figures: Usage): Verdict | undefined {
  if (missing !== undefined) return invalid('not-the-contract', `the answer has no ${missing}`);
  if (reason === 'error') return invalid('error-answer', 'the answer ends with finish_reason "error"');
  if (reason === FILTERED) return filteredOut();
  // Tokens may be hidden: those of some models' reasoning are counted and not told.
  const isCounted = (figures.output_tokens ?? 0) >= SOME_TOKENS;
  return hasContent || isCounted || reason === 'length' ? undefined : invalid('empty-answer', 'the answer is empty');
}

/** Which model answered, and where, as far as the answer tells. */
function told(body: Body) {
  const model = typeof body.model === 'string' && body.model !== '' ? { model: body.model } : {};
  const { chainctl } = body;
  return { ...hostOf(chainctl), ...hostOf(body), ...model };
}

/** Parts of parts: what is deeper is none of an answer, and might be as deep as a stack. */
const MAX_DEPTH = 4;

/** Whether a text, or any part of a content that comes in parts, has at least one character. */
export function hasText(content: unknown, depth = 0): boolean {
  if (typeof content === 'string') return content !== '';
  if (!Array.isArray(content) || depth > MAX_DEPTH) return false;
  return content.some(
    (part) => isObject(part) && [part.text, part.refusal, part.thinking].some((each) => hasText(each, depth + 1)),
  );
}

/** What a message of a model may bring, by the names that servers have for it. */
export function messageHasContent(message: Body): boolean {
  const { content, refusal, reasoning_content: reasoned, reasoning, thinking, tool_calls: calls } = message;
  const call = message.function_call;
  return (
    [content, refusal, reasoned, reasoning, thinking].some(hasText) ||
    (Array.isArray(calls) && calls.length > 0) ||
    isObject(call)
  );
}

/** An answer by its fields; none where it is no JSON object. */
export function bodyOf(answer: string): Body {
  const body = parsed(answer);
  return isObject(body) ? body : {};
}

/** The text of a content: a text as it is, of parts those that are one. */
export function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content) ? content : [];
  return parts.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}
