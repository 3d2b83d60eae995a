import { defined } from '../../../../src/services/defined.ts';
import type { ChatOrder, Engine, ResponseFormat, Sampling } from '../engine/engine.ts';
import { Problem } from '../problem.ts';
import { trimHistory } from './history.ts';
import { MESSAGES, messagesOf, onlyEmpty, type RawMessage, unsupported } from './messages.ts';
import { findFault, type Schema } from './schema.ts';
import { type ApiSettings, MOST_TOKENS } from './settings.ts';
import type { ChatAsk } from './target.ts';

/** A chat, in whichever form it came. */
export interface ChatRequest {
  readonly ask: ChatAsk;
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Messages that were left out. */
  readonly dropped: number;
}

const flag: Schema = { type: 'boolean' };
const tokens: Schema = { type: 'integer', minimum: 1 };

export const SAMPLING: Readonly<Record<string, Schema>> = {
  temperature: { type: 'number', minimum: 0, maximum: 2 },
  top_p: { type: 'number', minimum: 0, maximum: 1 },
  top_k: { type: 'integer', minimum: -1, maximum: MOST_TOKENS },
  min_p: { type: 'number', minimum: 0, maximum: 1 },
  seed: { type: 'integer' },
  stop: { anyOf: [{ type: 'string' }, { type: 'array', maxItems: 4, items: { type: 'string' } }] },
  frequency_penalty: { type: 'number', minimum: -2, maximum: 2 },
  presence_penalty: { type: 'number', minimum: -2, maximum: 2 },
  repeat_penalty: { type: 'number', minimum: 0, maximum: 100 },
};

export const STREAM_FIELDS: Readonly<Record<string, Schema>> = {
  stream: { ...flag, default: false },
  stream_options: { type: 'object', properties: { include_usage: flag } },
};

/** `streamOf` sees to it. */
export const OPTIONS_OF_STREAMS: Schema = {
  anyOf: [
    { properties: { stream: { type: 'boolean', enum: [true] } }, required: ['stream'] },
    { properties: { stream_options: { type: 'null' } } },
  ],
};

const TOOLS: Schema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      type: { type: 'string', enum: ['function'] },
      function: { type: 'object', properties: { name: { type: 'string', minLength: 1 } }, required: ['name'] },
    },
    required: ['type', 'function'],
  },
};

const RESPONSE_FORMAT: Schema = {
  type: 'object',
  discriminator: { propertyName: 'type' },
  oneOf: [
    { type: 'object', properties: { type: { type: 'string', enum: ['text'] } }, required: ['type'] },
    { type: 'object', properties: { type: { type: 'string', enum: ['json_object'] } }, required: ['type'] },
    {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['json_schema'] },
        json_schema: {
          type: 'object',
          properties: { name: { type: 'string' }, schema: { type: 'object' }, strict: flag },
          required: ['name', 'schema'],
        },
      },
      required: ['type', 'json_schema'],
    },
  ],
};

/** What `n` and its like must be: an answer has one choice. */
export const ONE: Schema = { type: 'integer', minimum: 1, maximum: 1, 'x-reason': 'must be 1' };

/** The body of /v1/chat/completions; what an engine cannot do is refused by it. */
export function chatSchema(kind: Engine['kind'], messages: Schema = MESSAGES): Schema {
  const isOllama = kind === 'ollama';
  const notHere = unsupported("is not supported by this engine, which is asked by Ollama's API");
  return {
    type: 'object',
    properties: {
      messages,
      model: { type: 'string' },
      max_completion_tokens: tokens,
      max_tokens: { ...tokens, deprecated: true },
      ...SAMPLING,
      repetition_penalty: SAMPLING.repeat_penalty as Schema,
      ...STREAM_FIELDS,
      response_format: RESPONSE_FORMAT,
      tools: TOOLS,
      tool_choice: isOllama
        ? {
            type: 'string',
            enum: ['auto', 'none'],
            'x-reason': 'must be "auto" or "none" with this engine, which is asked by Ollama\'s API',
          }
        : { anyOf: [{ type: 'string', enum: ['auto', 'none', 'required'] }, { type: 'object' }] },
      reasoning_effort: { type: 'string', enum: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] },
      n: ONE,
      logit_bias: isOllama ? onlyEmpty('object', notHere['x-reason'] as string) : { type: 'object' },
      logprobs: isOllama
        ? { ...flag, enum: [false], 'x-code': 'unsupported_parameter', 'x-reason': notHere['x-reason'] as string }
        : flag,
      top_logprobs: isOllama ? notHere : { type: 'integer', minimum: 0, maximum: 20 },
      modalities: { type: 'array', items: { type: 'string', enum: ['text'], 'x-code': 'unsupported_parameter' } },
      functions: unsupported('is not supported: use tools'),
      function_call: unsupported('is not supported: use tool_choice'),
      audio: unsupported(),
    },
    required: ['messages'],
    allOf: [OPTIONS_OF_STREAMS],
  };
}

/** Also takes a text, which is one user message. */
export function exampleServiceSchema(kind: Engine['kind']): Schema {
  return chatSchema(kind, { anyOf: [{ type: 'string', minLength: 1 }, MESSAGES] });
}

/** A body that fits `chatSchema`. */
interface ChatBody extends RawSampling {
  readonly messages: string | readonly RawMessage[];
  readonly model?: string | null;
  readonly max_completion_tokens?: number | null;
  readonly max_tokens?: number | null;
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
  readonly response_format?: {
    readonly type: string;
    readonly json_schema?: { readonly name: string; readonly schema: unknown; readonly strict?: boolean | null };
  } | null;
  readonly tools?: readonly unknown[] | null;
  readonly tool_choice?: unknown;
  readonly reasoning_effort?: string | null;
  readonly logit_bias?: unknown;
  readonly logprobs?: boolean | null;
  readonly top_logprobs?: number | null;
}

/** The fields of `SAMPLING`; null is as absent. */
export interface RawSampling {
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly top_k?: number | null;
  readonly min_p?: number | null;
  readonly seed?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly frequency_penalty?: number | null;
  readonly presence_penalty?: number | null;
  readonly repeat_penalty?: number | null;
  readonly repetition_penalty?: number | null;
}

/** Reads a body by OpenAI's rules. Throws a 400 that names the field. */
export function readChat(schema: Schema, body: unknown, kind: Engine['kind'], settings: ApiSettings): ChatRequest {
  refuseFaults(schema, body);
  const chat = body as ChatBody;
  const raw: readonly RawMessage[] =
    typeof chat.messages === 'string' ? [{ role: 'user', content: chat.messages }] : chat.messages;
  const { messages, dropped } = trimHistory(messagesOf(raw), settings.maxContextMessages);
  const order: ChatAsk['order'] = {
    maxTokens: Math.min(chat.max_completion_tokens ?? chat.max_tokens ?? settings.defaultMaxTokens, MOST_TOKENS),
    sampling: samplingOf(chat),
    ...defined({
      format: formatOf(chat.response_format),
      ...toolsOf(chat, kind),
      reasoningEffort: chat.reasoning_effort ?? undefined,
      logprobs: kind === 'openai' ? logprobsOf(chat) : undefined,
    }),
  };
  return { ask: { messages, order }, model: chat.model ?? undefined, ...streamOf(chat), dropped };
}

/** Throws a 400 that names the first field which does not fit. */
export function refuseFaults(schema: Schema, body: unknown): void {
  const fault = findFault(schema, body);
  if (!fault) {
    if (isDeeper(body, MOST_LEVELS)) throw new Problem(400, `the body is nested deeper than ${MOST_LEVELS} levels`);
    return;
  }
  const { path, reason, code } = fault;
  const kind = { ...(path !== '' && { param: path }), ...(code !== undefined && { code }) };
  throw new Problem(400, `${path === '' ? 'the body' : path} ${reason}`, {}, kind);
}

/** What is passed on as it came has to be written again, which takes a stack. */
const MOST_LEVELS = 200;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

export function streamOf({ stream, stream_options: options }: Pick<ChatBody, 'stream' | 'stream_options'>): {
  readonly stream: boolean;
  readonly includeUsage: boolean;
} {
  if (options && stream !== true) {
    throw new Problem(400, 'stream_options is only for "stream": true', {}, { param: 'stream_options' });
  }
  return { stream: stream === true, includeUsage: options?.include_usage === true };
}

export function samplingOf(raw: RawSampling): Sampling {
  const { temperature, top_p, top_k, min_p, seed, stop, frequency_penalty, presence_penalty } = raw;
  const penalty = raw.repeat_penalty ?? raw.repetition_penalty;
  return defined({
    temperature: temperature ?? undefined,
    top_p: top_p ?? undefined,
    top_k: top_k ?? undefined,
    min_p: min_p ?? undefined,
    seed: typeof seed === 'number' ? seedOf(seed) : undefined,
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    frequency_penalty: frequency_penalty ?? undefined,
    presence_penalty: presence_penalty ?? undefined,
    repeat_penalty: penalty ?? undefined,
  });
}

/** Any integer is a seed; engines have 64 bits for it, and JSON 53 that are exact. */
function seedOf(seed: number): number {
  return Number.isSafeInteger(seed) ? seed : Number(BigInt.asIntN(53, BigInt(seed)));
}

function formatOf(format: ChatBody['response_format']): ResponseFormat | undefined {
  if (format?.type === 'json_object') return { kind: 'json' };
  if (!format?.json_schema) return undefined;
  const { name, schema, strict } = format.json_schema;
  return { kind: 'schema', name, schema, ...(typeof strict === 'boolean' && { strict }) };
}

function toolsOf({ tools, tool_choice }: ChatBody, kind: Engine['kind']): Pick<ChatOrder, 'tools' | 'toolChoice'> {
  if (!tools || tools.length === 0 || (kind === 'ollama' && tool_choice === 'none')) return {};
  return {
    tools,
    ...(kind === 'openai' && tool_choice !== undefined && tool_choice !== null && { toolChoice: tool_choice }),
  };
}

function logprobsOf({ logit_bias, logprobs, top_logprobs }: ChatBody): ChatOrder['logprobs'] {
  const given = defined({
    logit_bias: logit_bias ?? undefined,
    logprobs: logprobs ?? undefined,
    top_logprobs: top_logprobs ?? undefined,
  });
  return Object.keys(given).length === 0 ? undefined : given;
}
