import { parseJson } from '../../../words.ts';
import { brief } from '../brief.ts';

/** What one event of a streamed answer says. */
export interface StreamEvent {
  /** Whether it brought a piece of the answer. */
  readonly hasText: boolean;
  readonly last: boolean;
  readonly error?: string;
  readonly host?: string;
  readonly outputTokens?: number;
  readonly promptTokens?: number;
}

/**
 * Reads an event of Ollama's (`response`, `message.content`, `done`, `eval_count`) or of OpenAI's form
 * (`choices[].delta.content` or `.text`, `usage`, `[DONE]`).
 *
 * @returns undefined when it is not JSON
 */
export function readEvent(text: string): StreamEvent | undefined {
  if (text === '[DONE]') return { hasText: false, last: true };
  const event = parseJson(text);
  if (event === undefined) return undefined;
  const body = objectOf(event);
  if (body.error !== undefined && body.error !== null)
    return { hasText: false, last: true, error: errorOf(body.error) };
  const choice = objectOf(Array.isArray(body.choices) ? body.choices[0] : undefined);
  const message = objectOf(body.message).content;
  const delta = objectOf(choice.delta).content;
  const pieces = [body.response, message, delta, choice.text, body.token];
  const usage = objectOf(body.usage);
  return {
    hasText: pieces.some((piece) => typeof piece === 'string' && piece !== ''),
    last: body.done === true || typeof choice.finish_reason === 'string',
    ...(typeof body.host === 'string' ? { host: brief(body.host) } : {}),
    ...count('outputTokens', body.eval_count ?? usage.completion_tokens ?? usage.eval_count),
    ...count('promptTokens', body.prompt_eval_count ?? usage.prompt_tokens ?? usage.prompt_eval_count),
  };
}

function count<K extends string>(key: K, value: unknown): { [P in K]?: number } {
  return typeof value === 'number' && Number.isFinite(value) ? ({ [key]: value } as { [P in K]: number }) : {};
}

function errorOf(error: unknown): string {
  const { message } = objectOf(error);
  return brief(typeof error === 'string' ? error : typeof message === 'string' ? message : 'no reason given');
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
