import { defined } from '../../../../src/services/defined.ts';
import { errorText, parseObject, plainText } from '../engine-error.ts';
import { wholeCount } from '../engine-timing.ts';
import { Upstream, UpstreamError, type UpstreamReply } from '../upstream.ts';
import { AnswerBuilder, textOf } from './answer.ts';
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
  ResponseFormat,
  Sampling,
  TokenUsage,
  ToolCallDelta,
} from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';
import { exchangeStream } from './exchange.ts';
import { chatFailure, engineError, generateFailure, refusedChat, refusedGenerate, refusedRoute } from './failure.ts';
import { EngineFault } from './fault.ts';
import { EventStream, type TakeMessage } from './framing.ts';
import { ModelList } from './model-list.ts';
import { parseOpenAiModels } from './openai-models.ts';
import type { OwnModel } from './own-model.ts';
import { vectorsOf } from './vectors.ts';

type Message = Readonly<Record<string, unknown>>;

const CHAT = '/v1/chat/completions';
const COMPLETIONS = '/v1/completions';
const EMBEDDINGS = '/v1/embeddings';

/** An engine that speaks OpenAI's API: llama-server, vLLM, LiteLLM, Ollama below `/v1`, ... */
export class OpenAiEngine implements Engine {
  readonly kind = 'openai';
  readonly #settings: EngineSettings;
  readonly #upstream: Upstream;
  readonly #models: ModelList;
  readonly #own: OwnModel;
  readonly #onLost: () => void;

  /** @param onLost called when the engine could not be reached, or broke off: it may come back as another process */
  constructor(settings: EngineSettings, own: OwnModel, onLost: () => void) {
    this.#settings = settings;
    this.#own = own;
    this.#onLost = onLost;
    this.#upstream = new Upstream(settings.url, settings.headers);
    this.#models = new ModelList(this.#upstream, '/v1/models', settings, (text) => parseOpenAiModels(text, settings));
  }

  get ownModel(): string {
    return this.#own.name;
  }

  async generate({ model, prompt, numPredict, temperature }: GenerateOrder, run: EngineRun): Promise<EngineAnswer> {
    run.scope.check();
    try {
      const body = {
        model: await this.#nameOf(model),
        messages: [{ role: 'user', content: prompt }],
        max_tokens: numPredict,
        temperature,
      };
      if (run.sink) return await this.#stream(CHAT, body, takeChat, (reply) => refusedGenerate(run.who, reply), run);
      return await this.#whole(body, run);
    } catch (error) {
      throw generateFailure(run.who, this.#seen(error));
    }
  }

  async chat(order: ChatOrder, run: EngineRun): Promise<EngineAnswer> {
    run.scope.check();
    try {
      const body = { model: await this.#nameOf(order.model), ...chatFields(order) };
      return await this.#stream(CHAT, body, takeChat, (reply) => refusedChat(run.who, reply), run);
    } catch (error) {
      throw chatFailure(run.who, this.#seen(error));
    }
  }

  async complete(order: CompletionOrder, run: EngineRun): Promise<EngineAnswer> {
    run.scope.check();
    const { prompt, suffix, maxTokens, sampling } = order;
    try {
      const model = await this.#nameOf(order.model);
      const body = { model, prompt, ...defined({ suffix }), max_tokens: maxTokens, ...samplingFields(sampling) };
      const refused = (reply: UpstreamReply) => refusedRoute(run.who, this.#settings.url, COMPLETIONS, reply);
      return await this.#stream(COMPLETIONS, body, takeCompletion, refused, run);
    } catch (error) {
      throw chatFailure(run.who, this.#seen(error));
    }
  }

  async embed({ model, input, dimensions }: EmbedOrder, run: EngineRun): Promise<Embeddings> {
    run.scope.check();
    const startedAt = performance.now();
    try {
      const body = { model: await this.#nameOf(model), input, encoding_format: 'float', ...defined({ dimensions }) };
      const reply = await this.#post(EMBEDDINGS, body, run);
      if (reply.status !== 200) throw refusedRoute(run.who, this.#settings.url, EMBEDDINGS, reply);
      const answer = parseObject(reply.text);
      const data = Array.isArray(answer?.data) ? (answer.data as (Message | null)[]) : [];
      const inOrder = [...data].sort((one, other) => Number(one?.index) - Number(other?.index));
      const vectors = vectorsOf(
        inOrder.map((each) => each?.embedding),
        input.length,
      );
      if (!vectors) throw engineError(run.who, 'answered with something that is no list of embeddings');
      return {
        vectors,
        inputTokens: wholeCount((answer?.usage as Message | undefined)?.prompt_tokens),
        seconds: (performance.now() - startedAt) / 1000,
        simulated: isSimulated(reply),
      };
    } catch (error) {
      throw chatFailure(run.who, this.#seen(error));
    }
  }

  async models(): Promise<readonly EngineModel[]> {
    const models = await this.#models.current();
    this.#own.listed(models);
    return models;
  }

  close(): void {
    this.#upstream.close();
  }

  #seen(error: unknown): unknown {
    if (error instanceof UpstreamError && error.kind === 'network') this.#onLost();
    return error;
  }

  /** Without a name the own model, which may not be known yet. */
  async #nameOf(model: string): Promise<string> {
    if (model !== '') return model;
    if (this.#own.name === '') await this.models();
    return this.#own.name;
  }

  #post(path: string, body: unknown, { scope, headers, onResend }: EngineRun): Promise<UpstreamReply> {
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

  async #whole(body: unknown, run: EngineRun): Promise<EngineAnswer> {
    const builder = new AnswerBuilder(undefined);
    const reply = await this.#post(CHAT, body, run);
    if (reply.status !== 200) throw refusedGenerate(run.who, reply);
    const answer = parseObject(reply.text);
    if (!Array.isArray(answer?.choices) || answer.choices.length === 0) {
      const said = plainText(errorText(answer) ?? '');
      throw engineError(run.who, said === '' ? 'answered with something that is no chat completion' : said);
    }
    takeChat(builder, answer, reply.text.length);
    builder.simulated = isSimulated(reply);
    // It was not streamed: when its first token came is not known.
    return { ...builder.build(), firstTokenSeconds: undefined };
  }

  #stream(
    path: string,
    body: object,
    take: (builder: AnswerBuilder, message: Message, bytes: number) => void,
    refused: (reply: UpstreamReply) => unknown,
    run: EngineRun,
  ): Promise<EngineAnswer> {
    return exchangeStream(
      this.#upstream,
      {
        path,
        body: { ...body, stream: true, stream_options: { include_usage: true } },
        timeoutMs: this.#settings.timeoutMs,
        framing: (takeMessage: TakeMessage) => new EventStream(takeMessage),
        take,
        last: '[DONE]',
        refused,
      },
      run,
    );
  }
}

/** A chat's request but for its model and how it is answered. */
export function chatFields(order: ChatOrder): Record<string, unknown> {
  const { messages, maxTokens, sampling, format, tools, toolChoice, reasoningEffort, logprobs } = order;
  return {
    messages,
    max_tokens: maxTokens,
    ...samplingFields(sampling),
    ...defined({
      response_format: format && responseFormat(format),
      tools,
      tool_choice: toolChoice,
      reasoning_effort: reasoningEffort,
    }),
    ...logprobs,
  };
}

/** llama-server has one name for it, vLLM the other. */
function samplingFields({ repeat_penalty, ...sampling }: Sampling): Record<string, unknown> {
  return defined({ ...sampling, repeat_penalty, repetition_penalty: repeat_penalty });
}

function responseFormat(format: ResponseFormat): unknown {
  if (format.kind === 'json') return { type: 'json_object' };
  const { name, schema, strict } = format;
  return { type: 'json_schema', json_schema: { name, schema, ...defined({ strict }) } };
}

/** A chunk of a stream, or a whole answer: that has `message` where a chunk has `delta`. */
export function takeChat(builder: AnswerBuilder, chunk: Message, bytes: number): void {
  const choice = firstChoice(builder, chunk);
  if (choice === undefined) return;
  const delta = (choice.delta ?? choice.message) as Message | null | undefined;
  let hasPiece = false;
  if (typeof delta === 'object' && delta !== null) {
    const reasoning = delta.reasoning_content ?? delta.reasoning;
    if (typeof reasoning === 'string') builder.reasoning(reasoning);
    builder.text(textOf(delta.content));
    if (Array.isArray(delta.tool_calls)) builder.toolCalls(toolCallDeltas(delta.tool_calls));
    hasPiece = (typeof reasoning === 'string' && reasoning !== '') || !!delta.content;
  }
  takeChoice(builder, choice, bytes, hasPiece);
}

function takeCompletion(builder: AnswerBuilder, chunk: Message, bytes: number): void {
  const choice = firstChoice(builder, chunk);
  if (choice === undefined) return;
  builder.text(textOf(choice.text));
  takeChoice(builder, choice, bytes, !!choice.text);
}

function firstChoice(builder: AnswerBuilder, { choices, usage }: Message): Message | undefined {
  if (typeof usage === 'object' && usage !== null) builder.usage = usageOf(usage as Message);
  if (!Array.isArray(choices)) {
    if (usage !== undefined) return undefined;
    throw new EngineFault('sent an event that is no part of a completion');
  }
  return choices.find((each: Message | null) => each !== null && typeof each === 'object' && (each.index ?? 0) === 0);
}

function takeChoice(builder: AnswerBuilder, { logprobs, finish_reason }: Message, bytes: number, hasPiece: boolean) {
  if (typeof logprobs === 'object' && logprobs !== null) builder.logprobs(logprobs, bytes, hasPiece);
  if (typeof finish_reason === 'string') builder.finish = finish_reason;
}

function toolCallDeltas(calls: readonly unknown[]): ToolCallDelta[] {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return calls.flatMap((each, at) => {
    if (typeof each !== 'object' || each === null) return [];
    const { index, id, function: called } = each as Message;
    const { name, arguments: args } = (called ?? {}) as Message;
    const position = Number.isSafeInteger(index) && (index as number) >= 0 ? (index as number) : at;
    const hasId = text(id) !== undefined;
    return [
      {
        index: position,
        ...defined({ id: text(id), type: hasId ? ('function' as const) : undefined }),
        function: defined({ name: text(name), arguments: text(args) }),
      },
    ];
  });
}

function usageOf({
  prompt_tokens,
  completion_tokens,
  prompt_tokens_details,
  completion_tokens_details,
}: Message): TokenUsage {
  const detail = (of: unknown, name: string) => {
    const value = (of as Message | null | undefined)?.[name];
    return Number.isSafeInteger(value) ? wholeCount(value) : undefined;
  };
  return {
    input: wholeCount(prompt_tokens),
    output: wholeCount(completion_tokens),
    ...defined({
      cached: detail(prompt_tokens_details, 'cached_tokens'),
      reasoning: detail(completion_tokens_details, 'reasoning_tokens'),
    }),
  };
}

function isSimulated({ headers }: UpstreamReply): boolean {
  return headers['x-chainctl-simulated'] === '1';
}
