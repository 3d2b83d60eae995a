import type { UpstreamReply } from './upstream.ts';

/** Longer texts of others are cut: they go into answers, logs and terminals. In UTF-16 units. */
const MAX_TEXT = 500;

/** What an engine said instead of an answer, for the operator; without any text the status has to do. */
export function engineSays(reply: UpstreamReply): string {
  const text = engineText(reply);
  const fromEngine = text !== '' && errorText(parseObject(reply.text)) !== undefined;
  return fromEngine ? text : `answered with status ${reply.status}${text && `: ${text}`}`;
}

/**
 * The text of an answer that is none. Ollama says `{"error": "..."}`, its OpenAI routes and other engines
 * `{"error": {"message": "..."}}`, a proxy before it anything.
 */
export function engineText(reply: UpstreamReply): string {
  const body = parseObject(reply.text);
  return plainText(errorText(body) ?? (body === undefined ? reply.text : ''));
}

/** The sentence in a body's `error`; undefined where it has none. */
export function errorText(body: Record<string, unknown> | undefined): string | undefined {
  const said = body?.error ?? body?.message ?? body?.detail;
  if (typeof said === 'string') return said;
  const message = typeof said === 'object' && said !== null ? (said as { message?: unknown }).message : undefined;
  return typeof message === 'string' ? message : undefined;
}

/** One line of bounded length without control and formatting characters: safe in a terminal and in a log. */
export function plainText(text: string): string {
  const line = text
    .slice(0, MAX_TEXT * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const isCut = line.length > MAX_TEXT || text.length > MAX_TEXT * 4;
  return isCut ? `${line.slice(0, MAX_TEXT).trimEnd()}…` : line;
}

/** Parses a JSON object; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
