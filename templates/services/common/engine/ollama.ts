import { canonicalModelName } from '../../../../src/services/chain/model-name.ts';
import { defined } from '../../../../src/services/defined.ts';
import { errorText, parseObject, plainText } from '../engine-error.ts';
import { engineTiming, wholeCount } from '../engine-timing.ts';
import { handOver } from '../hand-over.ts';
import { keepAliveField } from '../keep-alive.ts';
import { Problem } from '../problem.ts';
import type { UpstreamReply } from '../upstream.ts';
import { type AnswerBuilder, ownCallId, textOf } from './answer.ts';
import type { ContextRule } from './context.ts';
import type {
  ChatOrder,
  CompletionOrder,
  Embeddings,
  EmbedOrder,
  Engine,
  EngineAnswer,
  EngineModel,
  EngineRun,
  GenerateOrder,
  Sampling,
} from './engine.ts';
import { EngineClient } from './engine-client.ts';
import type { EngineSettings } from './engine-settings.ts';
import type { StreamedExchange } from './exchange.ts';
import {
  type Asked,
  chatFailure,
  engineError,
  generateFailure,
  refusedChat,
  refusedGenerate,
  refusedRoute,
} from './failure.ts';
import { EngineFault } from './fault.ts';
import { JsonLines } from './framing.ts';
import { ModelList } from './model-list.ts';
import { ollamaMessages, ollamaThink } from './ollama-request.ts';
import { vectorsOf } from './vectors.ts';

type Message = Readonly<Record<string, unknown>>;

/** An engine that speaks Ollama's own API. */
export class OllamaEngine implements Engine {
  readonly kind = 'ollama';
  readonly ownModel: string;
  readonly #settings: EngineSettings;
  readonly #contexts: ContextRule;
  readonly #client: EngineClient;
  readonly #models: ModelList;

  constructor(settings: EngineSettings, contexts: ContextRule) {
    this.ownModel = settings.model;
    this.#settings = settings;
    this.#contexts = contexts;
    this.#client = new EngineClient(settings);
    this.#models = new ModelList(this.#client, '/api/tags', settings, parseTags);
  }

  generate(order: GenerateOrder, run: EngineRun): Promise<EngineAnswer> {
    const { model, prompt, numPredict, temperature } = order;
    const options = { num_predict: numPredict, num_ctx: this.#contexts.of(model, order.numCtx), temperature };
    const body = { model, stream: run.sink !== undefined, keep_alive: this.#keepAlive, options, prompt };
    const refused = (reply: UpstreamReply) => refusedGenerate(run.who, reply);
    return this.#client.attempt(run, generateFailure, () =>
      run.sink ? this.#stream('/api/generate', body, takeGenerate, refused, run) : this.#generateWhole(body, run),
    );
  }

  chat(order: ChatOrder, run: EngineRun): Promise<EngineAnswer> {
    return this.#chatOf(order, run).then(({ body, settled, asked }) => {
      const refused = (reply: UpstreamReply) => refusedChat(run.who, reply, asked);
      const ask = handOver(body, (given, watched: EngineRun) =>
        this.#stream('/api/chat', given, takeChat, refused, watched),
      );
      return this.#settling(settled, run, ask);
    });
  }

  /** The request of a chat. It has begun to settle once this resolves. */
  async #chatOf(order: ChatOrder, run: EngineRun): Promise<{ body: object; settled: () => void; asked: Asked }> {
    run.scope.check();
    const { model, tools, toolChoice, format, reasoningEffort, logprobs } = order;
    if (logprobs !== undefined) throw unsupported('logprobs');
    if (toolChoice !== undefined && toolChoice !== 'auto' && toolChoice !== 'none') {
      const detail = 'tool_choice: the engine takes only "auto" and "none"';
      throw new Problem(400, detail, {}, { code: 'unsupported_parameter', param: 'tool_choice' });
    }
    const messages = ollamaMessages(order.messages);
    const think = await ollamaThink(reasoningEffort, () => this.#takesLevels(model));
    // From here on nothing fails before it is asked: whoever has begun to settle has to end it.
    const { numCtx, settled } = this.#contexts.chat(model);
    const body = {
      model,
      messages,
      stream: true,
      truncate: false,
      shift: false,
      keep_alive: this.#keepAlive,
      options: options(order.maxTokens, numCtx, order.sampling),
      ...defined({
        tools: toolChoice === 'none' ? undefined : tools,
        format: format?.kind === 'schema' ? format.schema : format && 'json',
        think,
      }),
    };
    return { body, settled, asked: this.#asked(model, numCtx) };
  }

  async complete(order: CompletionOrder, run: EngineRun): Promise<EngineAnswer> {
    run.scope.check();
    const { model, prompt, suffix } = order;
    const { numCtx, settled } = this.#contexts.chat(model);
    const body = {
      model,
      prompt,
      ...defined({ suffix }),
      stream: true,
      truncate: false,
      shift: false,
      keep_alive: this.#keepAlive,
      options: options(order.maxTokens, numCtx, order.sampling),
    };
    const asked = { ...this.#asked(model, numCtx), param: 'prompt' };
    const ask = handOver(body, (given, watched: EngineRun) =>
      this.#stream('/api/generate', given, takeGenerate, (reply) => refusedChat(run.who, reply, asked), watched),
    );
    return this.#settling(settled, run, ask);
  }

  embed({ model, input, dimensions }: EmbedOrder, run: EngineRun): Promise<Embeddings> {
    const startedAt = performance.now();
    const numCtx = this.#contexts.known(model);
    const path = '/api/embed';
    const body = {
      model,
      input,
      keep_alive: this.#keepAlive,
      ...defined({ dimensions, options: numCtx === undefined ? undefined : { num_ctx: numCtx } }),
    };
    return this.#client.attempt(run, chatFailure, async () => {
      const reply = await this.#client.post(path, body, run);
      if (reply.status !== 200) throw refusedRoute(run.who, this.#settings.url, path, reply, { model, param: 'input' });
      const answer = parseObject(reply.text);
      const vectors = vectorsOf(answer?.embeddings, input.length);
      if (!vectors) throw engineError(run.who, 'answered with something that is no list of embeddings');
      return {
        vectors,
        inputTokens: wholeCount(answer?.prompt_eval_count),
        seconds: (performance.now() - startedAt) / 1000,
        simulated: answer?.simulated === true || reply.headers['x-chainctl-simulated'] === '1',
      };
    });
  }

  models(): Promise<readonly EngineModel[]> {
    return this.#models.current();
  }

  close(): void {
    this.#client.close();
  }

  get #keepAlive() {
    return keepAliveField(this.#settings.keepAlive);
  }

  #asked(model: string, tokens: number): Asked {
    return { model, limit: { tokens, setting: this.#contexts.chatSetting } };
  }

  /** Only the family of gpt-oss reasons more or less; others do it or do not, and Ollama refuses a level for them. */
  async #takesLevels(model: string): Promise<boolean> {
    const name = canonicalModelName(model);
    const listed = await this.models().catch(() => []);
    const details = listed.find(({ id }) => canonicalModelName(id) === name)?.tag.details;
    const family = (details as { family?: unknown } | null | undefined)?.family ?? name;
    return typeof family === 'string' && /gpt-?oss/i.test(family);
  }

  async #generateWhole(body: unknown, run: EngineRun): Promise<EngineAnswer> {
    const startedAt = performance.now();
    const reply = await this.#client.post('/api/generate', body, run);
    const seconds = (performance.now() - startedAt) / 1000;
    if (reply.status !== 200) throw refusedGenerate(run.who, reply);
    const answer = parseObject(reply.text);
    if (typeof answer?.response !== 'string') {
      const said = plainText(this.#client.redact(errorText(answer) ?? ''));
      throw engineError(run.who, said === '' ? 'answered with something that is not a generation' : said);
    }
    return {
      text: answer.response,
      reasoning: typeof answer.thinking === 'string' ? answer.thinking : '',
      toolCalls: [],
      finishReason: answer.done_reason === 'length' ? 'length' : 'stop',
      usage: { input: wholeCount(answer.prompt_eval_count), output: wholeCount(answer.eval_count) },
      seconds,
      firstTokenSeconds: undefined,
      engine: engineTiming(answer, seconds),
      simulated: answer.simulated === true,
    };
  }

  #stream(
    path: string,
    body: unknown,
    take: StreamedExchange['take'],
    refused: StreamedExchange['refused'],
    run: EngineRun,
  ): Promise<EngineAnswer> {
    const framing: StreamedExchange['framing'] = (takeMessage) => new JsonLines(takeMessage);
    return this.#client.stream({ path, body, framing, take, refused }, run);
  }

  /** Tells when the model answers the first time with the context of a chat, or does not. */
  #settling(
    settled: () => void,
    run: EngineRun,
    work: (run: EngineRun) => Promise<EngineAnswer>,
  ): Promise<EngineAnswer> {
    const { sink } = run;
    const watched: EngineRun = {
      ...run,
      sink: (deltas) => {
        settled();
        return sink?.(deltas);
      },
    };
    return this.#client.attempt(watched, chatFailure, () => work(watched)).finally(settled);
  }
}

function options(maxTokens: number, numCtx: number, sampling: Sampling): Record<string, unknown> {
  return { num_predict: maxTokens, num_ctx: numCtx, ...defined({ ...sampling }) };
}

function unsupported(param: string): Problem {
  return new Problem(400, `${param}: the engine does not take it`, {}, { code: 'unsupported_parameter', param });
}

function takeChat(builder: AnswerBuilder, line: Message): void {
  const { message } = line;
  if (message !== undefined && message !== null) {
    if (typeof message !== 'object') throw new EngineFault('sent a piece that is no part of a message');
    const { thinking, content, tool_calls: calls } = message as Message;
    builder.reasoning(textOf(thinking));
    builder.text(textOf(content));
    if (calls !== undefined && calls !== null) takeToolCalls(builder, calls);
  } else if (line.done !== true) throw new EngineFault('sent a line that is no part of a chat');
  takeEnd(builder, line);
}

function takeGenerate(builder: AnswerBuilder, line: Message): void {
  builder.reasoning(textOf(line.thinking));
  if (line.response !== undefined) builder.text(textOf(line.response));
  else if (line.done !== true) throw new EngineFault('sent a line that is no part of a generation');
  takeEnd(builder, line);
}

function takeToolCalls(builder: AnswerBuilder, calls: unknown): void {
  if (!Array.isArray(calls)) throw new EngineFault('sent tool calls that are no list');
  const first = builder.toolCallCount;
  builder.toolCalls(
    calls.map((call: { id?: unknown; function?: Message | null } | null, at) => {
      const { name, arguments: args } = call?.function ?? {};
      if (typeof name !== 'string' || name === '') throw new EngineFault('asked for a tool without a name');
      return {
        index: first + at,
        id: typeof call?.id === 'string' && call.id !== '' ? call.id : ownCallId(),
        function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}) },
      };
    }),
  );
}

function takeEnd(builder: AnswerBuilder, line: Message): void {
  if (line.done !== true) return;
  builder.complete = true;
  builder.finish = typeof line.done_reason === 'string' ? line.done_reason : 'stop';
  builder.usage = { input: wholeCount(line.prompt_eval_count), output: wholeCount(line.eval_count) };
  builder.timing = engineTiming(line, builder.elapsedSeconds);
  builder.simulated = line.simulated === true;
}

function parseTags(text: string): EngineModel[] | undefined {
  const models = parseObject(text)?.models;
  if (!Array.isArray(models)) return undefined;
  return models.flatMap((tag: Message | null) => {
    const id = tag?.name ?? tag?.model;
    if (tag === null || typeof id !== 'string' || id === '') return [];
    const modified = typeof tag.modified_at === 'string' ? Date.parse(tag.modified_at) : Number.NaN;
    return [{ id, ownedBy: 'ollama', created: Number.isNaN(modified) ? 0 : Math.floor(modified / 1000), tag }];
  });
}
