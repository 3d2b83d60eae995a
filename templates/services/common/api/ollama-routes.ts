import { defined } from '../../../../src/services/defined.ts';
import type { TokenUsage, ToolCall } from '../engine/engine.ts';
import { Problem } from '../problem.ts';
import type { ApiDeps } from './api-deps.ts';
import { chainctlOf, openAiUsage, USAGE } from './chat-answer.ts';
import { type RawSampling, refuseFaults, SAMPLING, samplingOf } from './chat-request.ts';
import { type BegunChat, beginChat, logOf, trimmedHeaders } from './chat-routes.ts';
import { errorBody } from './errors.ts';
import { trimHistory } from './history.ts';
import { messagesOf, OLLAMA_MESSAGES, type RawMessage } from './messages.ts';
import { count, flag, object, text, WORK_FAILURES } from './openapi.ts';
import { NDJSON_HEADERS } from './prompt-route.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';
import { MOST_TOKENS } from './settings.ts';
import type { ChatAsk, ChatOutcome } from './target.ts';
import { type Call, handleWork, type WorkResult } from './work.ts';

const REQUEST: Schema = {
  type: 'object',
  properties: {
    messages: OLLAMA_MESSAGES,
    model: text,
    stream: { type: 'boolean', default: false },
    options: {
      type: 'object',
      properties: {
        num_predict: { type: 'integer', minimum: -2, not: { enum: [0] }, description: 'Below 0: no limit' },
        ...SAMPLING,
      },
    },
    format: { anyOf: [{ type: 'string', enum: ['json', ''] }, { type: 'object' }] },
    tools: { type: 'array', items: { type: 'object' } },
    think: { anyOf: [flag, { type: 'string', enum: ['low', 'medium', 'high'] }] },
    keep_alive: { type: ['string', 'number'], description: 'Of no effect: KEEP_ALIVE_MODEL of the service holds' },
  },
  required: ['messages'],
};

const ANSWER: Schema = object({
  message: object({ role: { type: 'string', enum: ['assistant'] }, content: text }),
  model: text,
  created_at: text,
  done: { type: 'boolean', enum: [true] },
  done_reason: text,
  total_duration: count,
  load_duration: count,
  prompt_eval_count: count,
  prompt_eval_duration: count,
  eval_count: count,
  eval_duration: count,
  host: text,
  usage: USAGE,
  chainctl: { type: 'object' },
});

interface Body {
  readonly messages: readonly RawMessage[];
  readonly model?: string | null;
  readonly stream?: boolean | null;
  readonly options?: (RawSampling & { readonly num_predict?: number | null }) | null;
  readonly format?: string | Readonly<Record<string, unknown>> | null;
  readonly tools?: readonly unknown[] | null;
  readonly think?: boolean | string | null;
}

/** Chats in Ollama's form. */
export function ollamaRoutes(deps: ApiDeps): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/api/chat',
      doc: {
        summary: "Answers a conversation in Ollama's form; streamed only when it is asked for",
        tag: 'chat',
        request: REQUEST,
        answers: { 'application/json': ANSWER, 'application/x-ndjson': object({ done: flag }) },
        headers: ['x-chainctl-trimmed'],
        failures: WORK_FAILURES,
      },
      handle: (exchange) =>
        handleWork(exchange, deps.work, {
          free: true,
          mostMs: deps.settings.chatTimeoutMs,
          run: (body, call) => chat(deps, body, call),
        }),
    },
  ];
}

/** Does not wait itself: it would keep the conversation until the answer has ended. */
function chat(deps: ApiDeps, raw: unknown, call: Call): Promise<WorkResult> {
  refuseFaults(REQUEST, raw);
  const body = raw as Body;
  const { offer, generator, settings } = deps;
  const { messages, dropped } = trimHistory(messagesOf(body.messages), settings.maxContextMessages);
  const ask: ChatAsk = { messages, order: orderOf(body, settings.defaultMaxTokens) };
  const begun = beginChat(offer, generator, { ask, model: body.model ?? undefined });
  return answer(deps, begun, { isStreamed: body.stream === true, headers: trimmedHeaders({ dropped }) }, call);
}

async function answer(
  { settings, work }: ApiDeps,
  begun: Promise<BegunChat>,
  { isStreamed, headers }: { readonly isStreamed: boolean; readonly headers: Readonly<Record<string, string>> },
  call: Call,
): Promise<WorkResult> {
  const { scope, exchange } = call;
  const begin = await begun;
  const { host } = work.settings;
  const last = (outcome: ChatOutcome, content: string) => {
    const seconds = scope.elapsedSeconds();
    return {
      message: messageOf(content, outcome.answer),
      model: begin.id,
      created_at: new Date().toISOString(),
      done: true,
      done_reason: outcome.answer.finishReason === 'length' ? 'length' : 'stop',
      ...durationsOf(outcome, seconds),
      host: outcome.host ?? host,
      usage: openAiUsage(outcome.usage),
      chainctl: chainctlOf(outcome, host, seconds),
    };
  };
  const log = (outcome: ChatOutcome) => logOf(exchange.path, begin.id, outcome, scope.elapsedSeconds());
  if (!isStreamed) {
    const outcome = await begin.run({ scope, headers: call.headers, sink: undefined });
    const { text, refusal = '' } = outcome.answer;
    // Ollama has no field for a refusal.
    return { body: last(outcome, text + refusal), headers, log: log(outcome) };
  }
  const before = `{"model":${JSON.stringify(begin.id)},"created_at":`;
  const line = (message: unknown) =>
    `${before}"${new Date().toISOString()}","message":${JSON.stringify(message)},"done":false}\n`;
  const writer = call.stream({
    headers: { ...NDJSON_HEADERS, ...headers },
    keepAlive: () => line({ role: 'assistant', content: '' }),
    failure: (problem) => `${JSON.stringify(errorBody('ollama', problem))}\n`,
    pingMs: settings.pingMs,
  });
  const outcome = await begin.run({
    scope,
    headers: call.headers,
    sink: (deltas) => {
      let lines = '';
      for (const { text = '', refusal = '', reasoning } of deltas) {
        const content = text + refusal;
        if (content !== '' || reasoning)
          lines += line({ role: 'assistant', content, ...(reasoning && { thinking: reasoning }) });
      }
      return lines === '' ? undefined : writer.send(lines);
    },
  });
  const { toolCalls } = outcome.answer;
  // Ollama tells calls whole, as objects: not before they have ended.
  const calls =
    toolCalls.length === 0 ? '' : line({ role: 'assistant', content: '', tool_calls: toolCalls.map(ollamaCall) });
  const end = { ...last(outcome, ''), message: { role: 'assistant', content: '' } };
  writer.end(`${calls}${JSON.stringify(end)}\n`);
  return { log: log(outcome) };
}

function orderOf({ options, format, tools, think }: Body, defaultMaxTokens: number): ChatAsk['order'] {
  const asked = options?.num_predict ?? defaultMaxTokens;
  if (asked === 0) {
    const param = 'options.num_predict';
    throw new Problem(400, `${param} must be an integer of at least 1, or below 0 for no limit`, {}, { param });
  }
  return {
    maxTokens: asked < 0 ? MOST_TOKENS : Math.min(asked, MOST_TOKENS),
    sampling: samplingOf(options ?? {}),
    ...defined({
      format:
        format === 'json'
          ? ({ kind: 'json' } as const)
          : typeof format === 'object' && format !== null
            ? ({ kind: 'schema', schema: format, name: 'answer' } as const)
            : undefined,
      tools: tools && tools.length > 0 ? tools : undefined,
      reasoningEffort: think === true ? 'medium' : think === false ? 'none' : (think ?? undefined),
    }),
  };
}

function messageOf(content: string, { reasoning, toolCalls }: ChatOutcome['answer']): Record<string, unknown> {
  return {
    role: 'assistant',
    content,
    ...(reasoning !== '' && { thinking: reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(ollamaCall) }),
  };
}

function ollamaCall({ id, function: { name, arguments: args } }: ToolCall): Record<string, unknown> {
  return { id, function: { name, arguments: parsed(args) } };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return text;
  }
}

/** Ollama's figures: nanoseconds; what an engine does not tell is 0. */
function durationsOf({ usage, timing }: ChatOutcome, seconds: number): Record<string, number> {
  const { input, output }: TokenUsage = usage;
  return {
    total_duration: nanoseconds(seconds),
    load_duration: nanoseconds(timing?.load_seconds ?? 0),
    prompt_eval_count: input,
    prompt_eval_duration: nanoseconds(timing?.prompt_seconds ?? 0),
    eval_count: output,
    eval_duration: nanoseconds(timing?.generation_seconds ?? 0),
  };
}

function nanoseconds(seconds: number): number {
  return Math.round(seconds * 1e9);
}
