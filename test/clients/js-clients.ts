import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { type AIMessageChunk, HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateText, jsonSchema, streamText, type ToolSet, tool } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { z } from 'zod';
import type { Answer, Ask, Client } from './client.ts';

const TEXT = 'How many trains waited?';
const ABOUT = { name: 'weather', description: 'the weather in a city' };
const CITY = { type: 'object' as const, properties: { city: { type: 'string' as const } }, required: ['city'] };
const TOOL = { type: 'function' as const, function: { ...ABOUT, parameters: CITY } };

function openai({ base, key = 'none', retries = false }: Ask): OpenAI {
  return new OpenAI({ baseURL: `${base}/v1`, apiKey: key, ...(retries ? {} : { maxRetries: 0 }) });
}

function asked({ model, text = TEXT, temperature, most, withTool = false }: Ask) {
  return {
    ...{ model, messages: [{ role: 'user' as const, content: text }] },
    ...(temperature === undefined ? {} : { temperature }),
    ...(most === undefined ? {} : { max_tokens: most }),
    ...(withTool ? { tools: [TOOL] } : {}),
  };
}

function answerOf({ choices: [choice], usage }: OpenAI.ChatCompletion): Answer {
  const calls = choice?.message.tool_calls?.flatMap((call) =>
    call.type === 'function' ? [{ name: call.function.name, city: JSON.parse(call.function.arguments).city }] : [],
  );
  return {
    text: choice?.message.content ?? '',
    ...(usage === undefined ? {} : { input: usage.prompt_tokens, output: usage.completion_tokens }),
    ...(calls === undefined ? {} : { calls }),
  };
}

const streaming = { stream: true, stream_options: { include_usage: true } } as const;

const openaiClient: Client = {
  name: 'openai',
  chat: async (ask) => answerOf(await openai(ask).chat.completions.create(asked(ask))),
  async stream(ask) {
    let [text, pieces] = ['', 0];
    let usage: OpenAI.CompletionUsage | null | undefined;
    const parts: string[] = [];
    let name = '';
    for await (const event of await openai(ask).chat.completions.create({ ...asked(ask), ...streaming })) {
      const { content, tool_calls: calls = [] } = event.choices[0]?.delta ?? {};
      if (content) [text, pieces] = [text + content, pieces + 1];
      for (const { function: called } of calls) {
        name ||= called?.name ?? '';
        parts.push(called?.arguments ?? '');
      }
      usage = event.usage ?? usage;
    }
    const calls = name === '' ? {} : { calls: [{ name, city: JSON.parse(parts.join('')).city }] };
    const counts = usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : {};
    return { text, pieces, ...counts, ...calls };
  },
  models: async (ask) => (await openai(ask).models.list()).data.map(({ id }) => id),
  async embed(ask) {
    const { data } = await openai(ask).embeddings.create({ model: ask.model, input: ['one', 'two'] });
    return data.map(({ embedding }) => embedding.length);
  },
};

const openaiHelper: Client = {
  name: 'openai .stream()',
  chat: (ask) => openaiHelper.stream(ask),
  async stream(ask) {
    let pieces = 0;
    const running = openai(ask).chat.completions.stream({ ...asked(ask), ...streaming });
    running.on('content', () => pieces++);
    return { ...answerOf(await running.finalChatCompletion()), pieces };
  },
};

function vercel({ base, key = 'none' }: Ask) {
  return createOpenAICompatible({ name: 'chain', baseURL: `${base}/v1`, apiKey: key, includeUsage: true });
}

function vercelAsked(ask: Ask) {
  const { model, text = TEXT, temperature, most, withTool = false, retries = false } = ask;
  const tools: ToolSet = { weather: tool({ description: ABOUT.description, inputSchema: jsonSchema({ ...CITY }) }) };
  return {
    ...{ model: vercel(ask).chatModel(model), prompt: text },
    ...(temperature === undefined ? {} : { temperature }),
    ...(retries ? {} : { maxRetries: 0 }),
    ...(most === undefined ? {} : { maxOutputTokens: most }),
    ...(withTool ? { tools } : {}),
  };
}

interface VercelResult {
  readonly text: string;
  readonly usage: { readonly inputTokens?: number | undefined; readonly outputTokens?: number | undefined };
  readonly toolCalls: readonly { readonly toolName: string; readonly input: unknown }[];
}

function vercelAnswer({ text, usage, toolCalls }: VercelResult): Answer {
  const calls = toolCalls.map(({ toolName: name, input }) => ({ name, city: (input as { city: unknown }).city }));
  const { inputTokens: input, outputTokens: output } = usage;
  const counts = input === undefined || output === undefined ? {} : { input, output };
  return { text, ...counts, ...(calls.length > 0 ? { calls } : {}) };
}

const vercelClient: Client = {
  name: 'ai with @ai-sdk/openai-compatible',
  chat: async (ask) => vercelAnswer(await generateText(vercelAsked(ask))),
  async stream(ask) {
    const result = streamText({ ...vercelAsked(ask), onError: () => {} });
    let pieces = 0;
    for await (const part of result.fullStream) {
      if (part.type === 'text-delta' && part.text !== '') pieces++;
      if (part.type === 'error') throw part.error;
    }
    const [text, usage, toolCalls] = await Promise.all([result.text, result.usage, result.toolCalls]);
    return { ...vercelAnswer({ text, usage, toolCalls }), pieces };
  },
  async embed(ask) {
    const { embeddings } = await embedMany({
      ...{ model: vercel(ask).textEmbeddingModel(ask.model), values: ['one', 'two'], maxRetries: 0 },
    });
    return embeddings.map(({ length }) => length);
  },
};

function langchain({ base, key = 'none', model, temperature, most, retries = false }: Ask) {
  return new ChatOpenAI({
    ...{ model, apiKey: key, configuration: { baseURL: `${base}/v1` } },
    ...(temperature === undefined ? {} : { temperature }),
    ...(most === undefined ? {} : { maxTokens: most }),
    ...(retries ? { maxRetries: 1 } : { maxRetries: 0 }),
  });
}

const weather = langchainTool(() => '', { ...ABOUT, schema: z.object({ city: z.string() }) });

interface LangchainMessage {
  readonly text: string;
  readonly usage_metadata?: { readonly input_tokens: number; readonly output_tokens: number } | undefined;
  readonly tool_calls?:
    | readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[]
    | undefined;
}

function langchainAnswer({ text, usage_metadata: usage, tool_calls: called = [] }: LangchainMessage): Answer {
  const calls = called.map(({ name, args }) => ({ name, city: args.city }));
  const counts = usage === undefined ? {} : { input: usage.input_tokens, output: usage.output_tokens };
  return { text, ...counts, ...(calls.length > 0 ? { calls } : {}) };
}

const langchainClient: Client = {
  name: '@langchain/openai',
  async chat(ask) {
    const model = ask.withTool ? langchain(ask).bindTools([weather]) : langchain(ask);
    return langchainAnswer(await model.invoke([new HumanMessage(ask.text ?? TEXT)]));
  },
  async stream(ask) {
    const model = ask.withTool ? langchain(ask).bindTools([weather]) : langchain(ask);
    let all: AIMessageChunk | undefined;
    let pieces = 0;
    for await (const part of await model.stream([new HumanMessage(ask.text ?? TEXT)])) {
      all = all === undefined ? part : all.concat(part);
      if (part.text !== '') pieces++;
    }
    if (all === undefined) throw new Error('the stream brought nothing');
    return { ...langchainAnswer(all), pieces };
  },
  async embed({ base, key = 'none', model }) {
    const embeddings = new OpenAIEmbeddings({
      ...{ model, apiKey: key, maxRetries: 0, configuration: { baseURL: `${base}/v1` } },
    });
    return (await embeddings.embedDocuments(['one', 'two'])).map(({ length }) => length);
  },
};

function ollama({ base, key }: Ask) {
  return new Ollama({ host: base, ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }) });
}

function ollamaAsked({ model, text = TEXT, temperature, most, withTool = false }: Ask) {
  return {
    ...{ model, messages: [{ role: 'user', content: text }] },
    options: {
      ...(temperature === undefined ? {} : { temperature }),
      ...(most === undefined ? {} : { num_predict: most }),
    },
    ...(withTool ? { tools: [{ ...TOOL, function: { ...ABOUT, parameters: CITY } }] } : {}),
  };
}

type OllamaChat = Awaited<ReturnType<typeof ollamaChat>>;
const ollamaChat = (ask: Ask) => ollama(ask).chat(ollamaAsked(ask));

function ollamaAnswer({ message, prompt_eval_count: input, eval_count: output }: OllamaChat): Answer {
  const calls = message.tool_calls?.map(({ function: called }) => ({ name: called.name, city: called.arguments.city }));
  return { text: message.content, input, output, ...(calls === undefined ? {} : { calls }) };
}

const ollamaClient: Client = {
  name: 'ollama',
  chat: async (ask) => ollamaAnswer(await ollamaChat(ask)),
  async stream(ask) {
    let [text, pieces] = ['', 0];
    let last: OllamaChat | undefined;
    let calls: OllamaChat['message']['tool_calls'];
    for await (const part of await ollama(ask).chat({ ...ollamaAsked(ask), stream: true })) {
      if (part.message.content !== '') [text, pieces] = [text + part.message.content, pieces + 1];
      calls ??= part.message.tool_calls;
      last = part;
    }
    if (last === undefined) throw new Error('the stream brought nothing');
    const message = { ...last.message, content: text, ...(calls === undefined ? {} : { tool_calls: calls }) };
    return { ...ollamaAnswer({ ...last, message }), pieces };
  },
  models: async (ask) => (await ollama(ask).list()).models.map(({ name }) => name),
};

/** Clients that npm has. */
export const JS_CLIENTS: readonly Client[] = [openaiClient, openaiHelper, vercelClient, langchainClient, ollamaClient];
