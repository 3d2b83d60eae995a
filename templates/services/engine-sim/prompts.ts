import { EngineError } from './engine-error.ts';
import type { Fields } from './go-types.ts';
import { tokenize } from './text.ts';

/** What `/api/generate` gives the model to read: the prompt alone, or in a template. */
export function generatePrompt(request: Fields, prompt: string): string {
  if (request.raw === true) return prompt;
  const system = typeof request.system === 'string' ? request.system : '';
  if (typeof request.template === 'string' && request.template !== '') {
    return fillTemplate(request.template, { Prompt: prompt, System: system });
  }
  return joined([system, prompt]);
}

/**
 * What `/api/chat` gives the model to read. A conversation longer than the context loses its oldest messages, but
 * neither those of the system nor the last one.
 * @param contextLength in tokens; Infinity to keep everything
 */
export function chatPrompt(messages: readonly Fields[], contextLength: number): string {
  const texts = (kept: readonly Fields[]) => joined(kept.map(({ content }) => (content as string | undefined) ?? ''));
  const isSystem = ({ role }: Fields) => typeof role === 'string' && role.toLowerCase() === 'system';
  for (let first = 0; ; first++) {
    const prompt = texts([...messages.slice(0, first).filter(isSystem), ...messages.slice(first)]);
    if (first >= messages.length - 1 || tokenize(prompt).length <= contextLength) return prompt;
  }
}

/** As much of Go's templates as shows in an answer: the two values, and an action without an end. */
function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  const filled = template.replace(/\{\{-?\s*\.(\w+)\s*-?\}\}/g, (_, name: string) =>
    Object.hasOwn(values, name) ? (values[name] as string) : '',
  );
  if (filled.includes('{{') && !filled.includes('}}')) throw new EngineError(500, 'template: :1: unclosed action');
  return filled;
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
