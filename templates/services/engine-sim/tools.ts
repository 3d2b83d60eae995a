import { type Fields, listOf, mapOf, textOf } from './fields.ts';
import { hashText } from './text.ts';
import type { ToolCall } from './wire.ts';

/**
 * What a model that has tools calls: the one that the last message names, else the first. Once a tool has answered, it
 * answers in words.
 */
export function chooseCall(tools: readonly Fields[], messages: readonly Fields[]): ToolCall | undefined {
  const last = messages.at(-1);
  if (!last || textOf(last.role).toLowerCase() === 'tool') return undefined;
  const text = textOf(last.content);
  const functions = tools.map((tool) => mapOf(tool.function));
  const chosen = functions.find(({ name }) => textOf(name) !== '' && text.includes(textOf(name))) ?? functions[0];
  if (!chosen) return undefined;
  const name = textOf(chosen.name);
  const { properties, required } = mapOf(chosen.parameters);
  const known = Object.entries(mapOf(properties));
  const needed = new Set(listOf(required));
  const given = known.filter(([key]) => needed.size === 0 || needed.has(key));
  const args = Object.fromEntries(given.map(([key, schema]) => [key, argumentFor(mapOf(schema), text)]));
  // The same question is the same call.
  const id = hashText(`${name} ${JSON.stringify(args)} ${text}`)
    .toString(36)
    .padStart(8, '0')
    .slice(-8);
  return { id: `call_${id}`, name, arguments: args };
}

/** Something that fits a schema. */
function argumentFor({ type, enum: values }: Fields, text: string): unknown {
  if (Array.isArray(values) && values.length > 0) return values[0];
  switch (Array.isArray(type) ? type[0] : type) {
    case 'number':
    case 'integer':
      return Number(/\d{1,9}/.exec(text)?.[0] ?? 1);
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return {};
    default: {
      const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
      // The name in "What is the weather in Paris today?".
      return words.findLast((word) => /^\p{Lu}/u.test(word)) ?? words.at(-1) ?? 'x';
    }
  }
}
