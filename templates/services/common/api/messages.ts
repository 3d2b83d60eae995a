import type { ChatMessage, ToolCall } from '../engine/engine.ts';
import { Problem } from '../problem.ts';
import type { Schema } from './schema.ts';

/** A message as it comes, once its schema has been held against it; null is as absent. */
export interface RawMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content?: string | readonly RawPart[] | null;
  readonly refusal?: string | null;
  readonly tool_calls?: readonly RawToolCall[] | null;
  readonly tool_call_id?: string | null;
  readonly tool_name?: string | null;
  readonly name?: string | null;
}

type RawPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'refusal'; readonly refusal: string };

interface RawToolCall {
  readonly id?: string | null;
  readonly function: { readonly name: string; readonly arguments?: unknown };
}

const text: Schema = { type: 'string' };
const textPart = part('text');
const TEXT_CONTENT = contentOf([textPart]);
const ANSWER_CONTENT = contentOf([textPart, part('refusal')]);
const FUNCTION_TYPE: Schema = { type: 'string', enum: ['function'] };

/** Of an answer: a text, a refusal, or calls of tools; `messagesOf` sees to it. */
const SAYS_SOMETHING: Schema = {
  anyOf: [
    { properties: { content: { type: ['string', 'array'] } }, required: ['content'] },
    { properties: { refusal: text }, required: ['refusal'] },
    { properties: { tool_calls: { type: 'array', minItems: 1 } }, required: ['tool_calls'] },
  ],
};

function part(type: 'text' | 'refusal'): Schema {
  return {
    type: 'object',
    properties: { type: { type: 'string', enum: [type] }, [type]: text },
    required: ['type', type],
  };
}

function contentOf(parts: readonly Schema[]): Schema {
  return {
    anyOf: [
      text,
      { type: 'array', minItems: 1, items: { type: 'object', oneOf: parts, discriminator: { propertyName: 'type' } } },
    ],
  };
}

function message(role: string, properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema {
  const named = { role: { type: 'string', enum: [role] } as const, name: text };
  return { type: 'object', properties: { ...named, ...properties }, required: ['role', ...required] };
}

function messageOf(call: Schema, toolRequired: readonly string[], more: Readonly<Record<string, Schema>>): Schema {
  const spoken = (role: string) => message(role, { content: TEXT_CONTENT, ...more }, ['content']);
  const assistant = {
    content: ANSWER_CONTENT,
    refusal: text,
    tool_calls: { type: 'array', items: call },
    ...more,
  } as const;
  return {
    type: 'object',
    discriminator: { propertyName: 'role' },
    oneOf: [
      spoken('system'),
      spoken('developer'),
      spoken('user'),
      { ...message('assistant', assistant, []), allOf: [SAYS_SOMETHING] },
      message('tool', { content: TEXT_CONTENT, tool_call_id: text, ...more }, ['content', ...toolRequired]),
    ],
  };
}

const CALL: Schema = {
  type: 'object',
  properties: {
    id: text,
    type: FUNCTION_TYPE,
    function: { type: 'object', properties: { name: text, arguments: text }, required: ['name', 'arguments'] },
  },
  required: ['id', 'function'],
};

/** Ollama's clients send arguments as objects, and no ids. */
const OLLAMA_CALL: Schema = {
  type: 'object',
  properties: {
    id: text,
    type: FUNCTION_TYPE,
    function: {
      type: 'object',
      properties: { name: text, arguments: { anyOf: [{ type: 'object' }, text] } },
      required: ['name'],
    },
  },
  required: ['function'],
};

/** A field that this API knows and does not take. */
export function unsupported(reason = 'is not supported'): Schema {
  return { type: 'null', 'x-code': 'unsupported_parameter', 'x-reason': reason };
}

/** The same for a list or an object, which some clients send always: an empty one asks for nothing. */
export function onlyEmpty(type: 'array' | 'object', reason: string): Schema {
  const most = type === 'array' ? { maxItems: 0 } : { maxProperties: 0 };
  return { type, ...most, 'x-code': 'unsupported_parameter', 'x-reason': reason };
}

export const MESSAGES: Schema = { type: 'array', minItems: 1, items: messageOf(CALL, ['tool_call_id'], {}) };

export const OLLAMA_MESSAGES: Schema = {
  type: 'array',
  minItems: 1,
  items: messageOf(OLLAMA_CALL, [], {
    tool_name: text,
    images: onlyEmpty('array', 'is not supported: messages are text'),
  }),
};

/** Messages as engines take them. */
export function messagesOf(raw: readonly RawMessage[]): ChatMessage[] {
  let open: readonly ToolCall[] = [];
  return raw.map(ofItsRole).map((each, index) => {
    const content = contentText(each);
    const calls = (each.tool_calls ?? []).map((call, at) => toolCallOf(call, `call_${index}_${at}`));
    if (content === null && calls.length === 0) {
      const detail = `messages[${index}].content must be a string or an array of parts: only an assistant message with tool_calls or refusal goes without`;
      throw new Problem(400, detail, {}, { param: `messages[${index}].content` });
    }
    const name = each.name ?? each.tool_name ?? undefined;
    const { role } = each;
    if (role === 'assistant') open = calls;
    // Ollama's clients name the tool, or rely on the order: others want to know whose answer it is.
    const answered = role !== 'tool' ? undefined : (open.find((call) => call.function.name === name) ?? open[0]);
    open = open.filter((call) => call !== answered);
    const id = each.tool_call_id ?? (role === 'tool' ? (answered?.id ?? `call_${index}`) : undefined);
    return {
      role: role === 'developer' ? 'system' : role,
      content,
      ...(calls.length > 0 && { tool_calls: calls }),
      ...(id !== undefined && { tool_call_id: id }),
      ...(name !== undefined && { name }),
    };
  });
}

/** What a role does not have is passed over, as every field that is not known: nobody has looked at its type. */
function ofItsRole(raw: RawMessage): RawMessage {
  const { role, content = null, name = null, refusal = null } = raw;
  const { tool_calls = null, tool_call_id = null, tool_name = null } = raw;
  if (role === 'assistant') return { role, content, name, refusal, tool_calls };
  if (role !== 'tool') return { role, content, name };
  return { role, content, name, tool_call_id, tool_name: typeof tool_name === 'string' ? tool_name : null };
}

function contentText({ content, refusal }: RawMessage): string | null {
  if (typeof content === 'string') return content;
  if (!content) return refusal ?? null;
  return content.map((each) => (each.type === 'text' ? each.text : each.refusal)).join('\n');
}

function toolCallOf({ id, function: { name, arguments: args } }: RawToolCall, fallback: string): ToolCall {
  const asText = typeof args === 'string' ? args : JSON.stringify(args ?? {});
  return { id: id ?? fallback, type: 'function', function: { name, arguments: asText } };
}
