import { defined } from '../../../../src/services/defined.ts';
import { errorText, parseObject, plainText } from '../engine-error.ts';
import { wholeCount } from '../engine-timing.ts';
import { handOver } from '../hand-over.ts';
import type { UpstreamReply } from '../upstream.ts';
import { AnswerBuilder } from './answer.ts';
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
} from './engine.ts';
import { EngineClient } from './engine-client.ts';
import type { EngineSettings } from './engine-settings.ts';
import type { StreamedExchange } from './exchange.ts';
import { chatFailure, engineError, generateFailure, refusedChat, refusedGenerate, refusedRoute } from './failure.ts';
import { EventStream } from './framing.ts';
import { ModelList } from './model-list.ts';
import { takeChat, takeCompletion, takeGeneration } from './openai-answer.ts';
import { parseOpenAiModels } from './openai-models.ts';
import { chatFields, samplingFields } from './openai-request.ts';
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
  readonly #client: EngineClient;
  readonly #models: ModelList;
  readonly #own: OwnModel;

  /** @param onLost called when the engine could not be reached, or broke off: it may come back as another process */
  constructor(settings: EngineSettings, own: OwnModel, onLost: () => void) {
    this.#settings = settings;
    this.#own = own;
    this.#client = new EngineClient(settings, onLost);
    const parse = (text: string) => parseOpenAiModels(text, settings);
    this.#models = new ModelList(this.#client, '/v1/models', settings, parse);
  }

  get ownModel(): string {
    return this.#own.name;
  }

  generate({ model, prompt, numPredict, temperature }: GenerateOrder, run: EngineRun): Promise<EngineAnswer> {
    return this.#client.attempt(run, generateFailure, async () => {
      const body = {
        model: await this.#nameOf(model),
        messages: [{ role: 'user', content: prompt }],
        max_tokens: numPredict,
        temperature,
      };
      if (!run.sink) return this.#whole(body, run);
      return this.#stream(CHAT, body, takeGeneration, (reply) => refusedGenerate(run.who, reply), run);
    });
  }

  chat(order: ChatOrder, run: EngineRun): Promise<EngineAnswer> {
    const fields = chatFields(order);
    const { model } = order;
    const ask = handOver(fields, (body, name: string) =>
      this.#stream(
        CHAT,
        { model: name, ...body },
        takeChat,
        (reply) => refusedChat(run.who, reply, { model: name }),
        run,
      ),
    );
    return this.#client.attempt(run, chatFailure, async () => ask(await this.#nameOf(model)));
  }

  complete(order: CompletionOrder, run: EngineRun): Promise<EngineAnswer> {
    const { model, prompt, suffix, maxTokens, sampling } = order;
    const fields = { prompt, ...defined({ suffix }), max_tokens: maxTokens, ...samplingFields(sampling) };
    const ask = handOver(fields, (body, name: string) => {
      const refused = (reply: UpstreamReply) =>
        refusedRoute(run.who, this.#settings.url, COMPLETIONS, reply, { model: name, param: 'prompt' });
      return this.#stream(COMPLETIONS, { model: name, ...body }, takeCompletion, refused, run);
    });
    return this.#client.attempt(run, chatFailure, async () => ask(await this.#nameOf(model)));
  }

  embed({ model: asked, input, dimensions }: EmbedOrder, run: EngineRun): Promise<Embeddings> {
    const startedAt = performance.now();
    return this.#client.attempt(run, chatFailure, async () => {
      const model = await this.#nameOf(asked);
      const body = { model, input, encoding_format: 'float', ...defined({ dimensions }) };
      const reply = await this.#client.post(EMBEDDINGS, body, run);
      const context = { model, param: 'input' };
      if (reply.status !== 200) throw refusedRoute(run.who, this.#settings.url, EMBEDDINGS, reply, context);
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
    });
  }

  async models(): Promise<readonly EngineModel[]> {
    const models = await this.#models.current();
    this.#own.listed(models);
    return models;
  }

  close(): void {
    this.#client.close();
  }

  /** Without a name the own model, which may not be known yet. */
  async #nameOf(model: string): Promise<string> {
    if (model !== '') return model;
    if (this.#own.name === '') await this.models();
    return this.#own.name;
  }

  async #whole(body: unknown, run: EngineRun): Promise<EngineAnswer> {
    const builder = new AnswerBuilder(undefined);
    const reply = await this.#client.post(CHAT, body, run);
    if (reply.status !== 200) throw refusedGenerate(run.who, reply);
    const answer = parseObject(reply.text);
    if (!Array.isArray(answer?.choices) || answer.choices.length === 0) {
      const said = plainText(this.#client.redact(errorText(answer) ?? ''));
      throw engineError(run.who, said === '' ? 'answered with something that is no chat completion' : said);
    }
    takeGeneration(builder, answer, reply.text.length);
    builder.end();
    builder.simulated = isSimulated(reply);
    // It was not streamed: when its first token came is not known.
    return { ...builder.build(), firstTokenSeconds: undefined };
  }

  #stream(
    path: string,
    body: object,
    take: StreamedExchange['take'],
    refused: StreamedExchange['refused'],
    run: EngineRun,
  ): Promise<EngineAnswer> {
    const streamed = { ...body, stream: true, stream_options: { include_usage: true } };
    const framing: StreamedExchange['framing'] = (takeMessage) => new EventStream(takeMessage);
    return this.#client.stream({ path, body: streamed, framing, take, last: '[DONE]', refused }, run);
  }
}

function isSimulated({ headers }: UpstreamReply): boolean {
  return headers['x-chainctl-simulated'] === '1';
}
