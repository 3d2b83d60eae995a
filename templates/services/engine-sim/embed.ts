import type { ServerResponse } from 'node:http';
import { longModelName, modelNameParts, parseModelName } from '../../../src/services/chain/model-name.ts';
import { EngineError } from './engine-error.ts';
import { type Fields, keepAliveOf, mapOf, textOf } from './fields.ts';
import type { Model } from './models.ts';
import { readOptions } from './options.ts';
import { type Engine, withRunner } from './run.ts';
import { TOKEN_CHARS, tokenize } from './text.ts';
import { DIMENSIONS, unit, vectorOf } from './vectors.ts';

/** What texts are to become points. */
export interface EmbedOrder {
  readonly model: Model;
  readonly texts: readonly string[];
  /** The request's `options`, `keep_alive`, `truncate`, `dimensions`. */
  readonly request: Fields;
}

interface Embedded {
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: number;
  /** Nanoseconds. */
  readonly totalDuration: number;
  readonly loadDuration: number;
}

/** How an embedding ends; the caller's connection ends it, too. */
export interface EmbedEnd {
  done(embedded: Embedded): void;
  failed(error: unknown): void;
}

/** The model of a request that embeds. @throws EngineError as Ollama's scheduler finds none */
export function embeddingModel(engine: Engine, asked: string): Model {
  const name = parseModelName(asked);
  if (!name) {
    const parts = modelNameParts(longModelName(modelNameParts(asked)));
    throw new EngineError(500, `unqualified name: ${longModelName(parts)}`);
  }
  const model = engine.models.get(name);
  if (!model) throw new EngineError(404, `model ${JSON.stringify(asked)} not found, try pulling it first`);
  return model;
}

/** The `input` of a request, as Ollama reads it. @throws EngineError 400 for what is no text */
export function textsOf(input: unknown): string[] {
  if (input === undefined || input === null || input === '') return [];
  const texts = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
    throw new EngineError(400, 'invalid input type');
  }
  return texts;
}

/** Reads the texts on a slot, and makes their vectors. */
export function embed(engine: Engine, order: EmbedOrder, outgoing: ServerResponse, end: EmbedEnd): void {
  const { model, texts, request } = order;
  const options = readOptions(mapOf(request.options), engine.settings.numCtx);
  const wanted = { model, options, keepAliveMs: keepAliveOf(request) };
  const { dimensions } = request;
  const length = typeof dimensions === 'number' && dimensions > 0 && dimensions < DIMENSIONS ? dimensions : DIMENSIONS;
  withRunner(
    engine,
    wanted,
    outgoing,
    (runner, passedMs) => {
      const loadMs = passedMs();
      const finish = (vectors: number[][], tokens: number) => {
        const durations = { totalDuration: nanoseconds(passedMs()), loadDuration: nanoseconds(loadMs) };
        end.done({ vectors, tokens, ...durations });
      };
      if (texts.length === 0) {
        finish([], 0);
        return undefined;
      }
      const most = runner.contextLength * TOKEN_CHARS;
      const read = texts.map((text) => text.slice(0, most));
      const tokens = read.map((text) => tokenize(text));
      const prompt = tokens.length === 1 ? (tokens[0] as number[]) : tokens.flat();
      return runner.run({
        prompt,
        stream: false,
        begin() {
          if (request.truncate === false && texts.some((text) => text.length > most)) {
            throw new EngineError(400, 'the input length exceeds the context length');
          }
          return 0;
        },
        cached: () => prompt,
        onToken: () => undefined,
        onDone: () =>
          finish(
            read.map((text) => shortened(vectorOf(text), length)),
            prompt.length,
          ),
        onError: end.failed,
      });
    },
    end.failed,
  );
}

/** Ollama's numbers are of 32 bits. */
function shortened(vector: readonly number[], length: number): number[] {
  const cut = length < vector.length ? unit(vector.slice(0, length)) : vector;
  return cut.map((value) => Number(Math.fround(value).toPrecision(9)));
}

/** What took no time at all is left out by Ollama, and nothing does. */
function nanoseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1e6));
}

/** `POST /api/embed`. */
export function handleEmbed(engine: Engine, request: Fields, outgoing: ServerResponse, end: EmbedReply): void {
  const texts = textsOf(request.input);
  const asked = textOf(request.model);
  const model = embeddingModel(engine, asked);
  embed(engine, { model, texts, request }, outgoing, {
    done({ vectors, tokens, totalDuration, loadDuration }) {
      const figures = { total_duration: totalDuration, load_duration: loadDuration, prompt_eval_count: tokens };
      end.send({ model: asked, embeddings: vectors, ...(texts.length === 0 ? {} : figures), simulated: true });
    },
    failed: end.failed,
  });
}

/** `POST /api/embeddings`, the older one, for one text. */
export function handleEmbeddings(engine: Engine, request: Fields, outgoing: ServerResponse, end: EmbedReply): void {
  const asked = textOf(request.model);
  if (!parseModelName(asked)) throw new EngineError(400, 'model is required');
  const texts = textsOf(request.prompt);
  embed(engine, { model: embeddingModel(engine, asked), texts, request }, outgoing, {
    done: ({ vectors }) => end.send({ embedding: vectors[0] ?? [], simulated: true }),
    failed: end.failed,
  });
}

/** How a route that embeds answers. */
export interface EmbedReply {
  send(body: unknown): void;
  failed(error: unknown): void;
}
