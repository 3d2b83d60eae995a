import { parseObject } from '../engine-error.ts';
import { Problem } from '../problem.ts';
import type { ChatMessage } from './engine.ts';

/** Messages as Ollama takes them: arguments of calls are objects, and an answer names its tool. */
export function ollamaMessages(messages: readonly ChatMessage[]): unknown[] {
  const names = new Map<string, string>();
  return messages.map(({ role, content, tool_calls: calls, tool_call_id: id, name }, at) => {
    const message = { role, content: content ?? '' };
    if (calls !== undefined) {
      for (const call of calls) names.set(call.id, call.function.name);
      const objects = calls.map((call, index) => ({
        id: call.id,
        function: {
          index,
          name: call.function.name,
          arguments: argumentsOf(call.function.arguments, `messages[${at}].tool_calls[${index}].function.arguments`),
        },
      }));
      return { ...message, tool_calls: objects };
    }
    if (role !== 'tool') return message;
    const tool = name ?? (id === undefined ? undefined : names.get(id));
    return {
      ...message,
      ...(tool !== undefined && { tool_name: tool }),
      ...(id !== undefined && { tool_call_id: id }),
    };
  });
}

function argumentsOf(text: string, param: string): unknown {
  const value = text.trim() === '' ? {} : parseObject(text);
  if (value !== undefined && !Array.isArray(value)) return value;
  throw new Problem(400, `${param} must be a JSON object as text`, {}, { param });
}

const EFFORTS: ReadonlyMap<string, boolean | string> = new Map<string, boolean | string>([
  ['none', false],
  ['minimal', 'low'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'high'],
]);

/**
 * Ollama's `think` for OpenAI's `reasoning_effort`; undefined where the model decides.
 * @param takesLevels whether the model reasons more or less, and not only at all
 */
export async function ollamaThink(
  effort: string | undefined,
  takesLevels: () => Promise<boolean>,
): Promise<boolean | string | undefined> {
  if (effort === undefined) return undefined;
  const think = EFFORTS.get(effort);
  if (think !== undefined) return think === false || (await takesLevels()) ? think : true;
  const param = 'reasoning_effort';
  throw new Problem(400, `${param} must be one of ${[...EFFORTS.keys()].join(', ')}`, {}, { param });
}
