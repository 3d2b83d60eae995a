import { randomUUID } from 'node:crypto';
import { defined } from '../../../../src/services/defined.ts';
import { errorText, parseObject, plainText } from '../engine-error.ts';
import { engineTiming, wholeCount } from '../engine-timing.ts';
import { keepAliveField } from '../keep-alive.ts';
import { Problem } from '../problem.ts';
import { Upstream } from '../upstream.ts';
import { type AnswerBuilder, textOf } from './answer.ts';
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
import type { EngineSettings } from './engine-settings.ts';
import { exchangeStream } from './exchange.ts';
import { chatFailure, engineError, generateFailure, refusedChat, refusedGenerate, refusedRoute } from './failure.ts';
import { EngineFault } from './fault.ts';
import { JsonLines, type TakeMessage } from './framing.ts';
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
  readonly #upstream: Upstream;
  readonly #models: ModelList;

  constructor(settings: EngineSettings, contexts: ContextRule) {
    this.ownModel = settings.model;
    this.#settings = settings;
    this.#contexts = contexts;
    this.#upstream = new Upstream(settings.url, settings.headers);
    this.#models = new ModelList(this.#upstream, '/api/tags', settings, parseTags);
  }

  async generate(order: GenerateOrder, run: EngineRun): Promise<EngineAnswer> {
    run.scope.check();
    const { model, prompt, numPredict, temperature } = order;
    const options = { num_predict: numPredict, num_ctx: this.#contexts.of(model, order.numCtx), temperature };
    const body = { model, stream: run.sink !== undefined, keep_alive: this.#keepAlive, options, prompt };
    try {
      return await (run.sink ? this.#streamGenerate(body, run, refusedGenerate) : this.#generateWhole(body, run));
    } catch (error) {
      throw generateFailure(run.who, error);
    }
  }

  async chat(order: ChatOrder, run: EngineRun): Promise<EngineAnswer> {
    run.scope.check();
    const { model, tools, toolChoice, format, reasoningEffort, logprobs } = order;
    if (logprobs !== undefined) throw unsupported('logprobs');
    if (toolChoice !== undefined && toolChoice !== 'auto' && toolChoice !== 'none') {
      const detail = 'tool_choice: the engine takes only "auto" and "none"';
      throw new Problem(400, detail, {}, { code: 'unsupported_parameter', param: 'tool_choice' });
    }
    const { numCtx, settled } = this.#contexts.chat(model);
    const body = {
      model,
      messages: ollamaMessages(order.messages),
      stream: true,
      truncate: false,
      shift: false,
      keep_alive: this.#keepAlive,
      options: options(order.maxTokens, numCtx, order.sampling),
      ...defined({
        tools: toolChoice === 'none' ? undefined : tools,
        format: format?.kind === 'schema' ? format.schema : format && 'json',
        think: ollamaThink(reasoningEffort),
      }),
    };
    return this.#settling(settled, run, (watched) =>
      this.#stream('/api/chat', body, takeChat, (reply) => refusedChat(run.who, reply), watched),
    );
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
    return this.#settling(settled, run, (watched) => this.#streamGenerate(body, watched, refusedChat));
  }

  async embed({ model, input, dimensions }: EmbedOrder, run: EngineRun): Promise<Embeddings> {
    run.scope.check();
    const startedAt = performance.now();
    const numCtx = this.#contexts.known(model);
    const path = '/api/embed';
    const body = {
      model,
      input,
      keep_alive: this.#keepAlive,
      ...defined({ dimensions, options: numCtx === undefined ? undefined : { num_ctx: numCtx } }),
    };
    try {
      const reply = await this.#post(path, body, run);
      if (reply.status !== 200) throw refusedRoute(run.who, this.#settings.url, path, reply);
      const answer = parseObject(reply.text);
      const vectors = vectorsOf(answer?.embeddings, input.length);
      if (!vectors) throw engineError(run.who, 'answered with something that is no list of embeddings');
      return {
        vectors,
        inputTokens: wholeCount(answer?.prompt_eval_count),
        seconds: (performance.now() - startedAt) / 1000,
        simulated: answer?.simulated === true || reply.headers['x-chainctl-simulated'] === '1',
      };
    } catch (error) {
      throw chatFailure(run.who, error);
    }
  }

  models(): Promise<readonly EngineModel[]> {
    return this.#models.current();
  }

  close(): void {
    this.#upstream.close();
  }

  get #keepAlive() {
    return keepAliveField(this.#settings.keepAlive);
  }

  #post(path: string, body: unknown, { scope, headers, onResend }: EngineRun) {
    return this.#upstream.request({
      method: 'POST',
      path,
      body: JSON.stringify(body),
      timeoutMs: this.#settings.timeoutMs,
      scope,
      onResend,
      ...(headers && { headers }),
    });
  }

  async #generateWhole(body: unknown, run: EngineRun): Promise<EngineAnswer> {
    const startedAt = performance.now();
    const reply = await this.#post('/api/generate', body, run);
    const seconds = (performance.now() - startedAt) / 1000;
    if (reply.status !== 200) throw refusedGenerate(run.who, reply);
    const answer = parseObject(reply.text);
    if (typeof answer?.response !== 'string') {
      const said = plainText(errorText(answer) ?? '');
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

  #streamGenerate(body: unknown, run: EngineRun, refused: typeof refusedChat): Promise<EngineAnswer> {
    return this.#stream('/api/generate', body, takeGenerate, (reply) => refused(run.who, reply), run);
  }

  #stream(
    path: string,
    body: unknown,
    take: (builder: AnswerBuilder, message: Message) => void,
    refused: (reply: Parameters<typeof refusedChat>[1]) => unknown,
    run: EngineRun,
  ): Promise<EngineAnswer> {
    const framing = (takeMessage: TakeMessage) => new JsonLines(takeMessage);
    return exchangeStream(
      this.#upstream,
      { path, body, timeoutMs: this.#settings.timeoutMs, framing, take, refused },
      run,
    );
  }

  /** Tells when the model answers the first time with the context of a chat, or does not. */
  async #settling(
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
    try {
      return await work(watched);
    } catch (error) {
      throw chatFailure(run.who, error);
    } finally {
      settled();
    }
  }
}

function options(maxTokens: number, numCtx: number, sampling: Sampling): Record<string, unknown> {
  return { num_predict: maxTokens, num_ctx: numCtx, ...defined({ ...sampling }) };
}

function unsupported(param: string): Problem {
  return new Problem(400, `${param}: the engine does not take it`, {}, { code: 'unsupported_parameter', param });
}

function takeChat(builder: AnswerBuilder, line: Message): void {
  const message = line.message as Message | null | undefined;
  if (typeof message === 'object' && message !== null) {
    if (typeof message.thinking === 'string') builder.reasoning(message.thinking);
    builder.text(textOf(message.content));
    if (Array.isArray(message.tool_calls)) takeToolCalls(builder, message.tool_calls);
  } else if (line.done !== true) throw new EngineFault('sent a line that is no part of a chat');
  takeEnd(builder, line);
}

function takeGenerate(builder: AnswerBuilder, line: Message): void {
  if (typeof line.thinking === 'string') builder.reasoning(line.thinking);
  if (line.response !== undefined) builder.text(textOf(line.response));
  else if (line.done !== true) throw new EngineFault('sent a line that is no part of a generation');
  takeEnd(builder, line);
}

function takeToolCalls(builder: AnswerBuilder, calls: readonly unknown[]): void {
  const first = builder.toolCallCount;
  const known = calls.filter((call): call is { id?: unknown; function: Message } => {
    const called = (call as { function?: { name?: unknown } } | null)?.function;
    return typeof called?.name === 'string';
  });
  builder.toolCalls(
    known.map(({ id, function: { name, arguments: args } }, at) => ({
      index: first + at,
      id: typeof id === 'string' && id !== '' ? id : `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
      type: 'function',
      function: { name: name as string, arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}) },
    })),
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
