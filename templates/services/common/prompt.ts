import { isPair } from '../../../src/services/pipelines/code-points.ts';
import { Problem } from './problem.ts';

export { firstCodePoints } from '../../../src/services/pipelines/code-points.ts';

/** Fewer Unicode code points than this and the prompt is refused. */
export const MIN_PROMPT_CHARS = 1000;

/** The prompt of a request's body, and its length in Unicode code points. */
export interface Prompt {
  readonly text: string;
  readonly length: number;
}

/** Takes the prompt out of a parsed body, or answers 400. */
export function validatePrompt(body: unknown): Prompt {
  const text = typeof body === 'object' && body !== null ? (body as { prompt?: unknown }).prompt : undefined;
  const length = typeof text === 'string' ? countCodePoints(text) : 0;
  if (typeof text !== 'string' || length < MIN_PROMPT_CHARS) {
    throw new Problem(400, `prompt must be at least ${MIN_PROMPT_CHARS} characters`);
  }
  return { text, length };
}

/** Unicode code points, not UTF-16 units: an emoji counts once. */
export function countCodePoints(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (isPair(text, i)) {
      pairs++;
      i++;
    }
  }
  return text.length - pairs;
}
