import type { ServerResponse } from 'node:http';
import { Answer, type Call, sendFailure } from './answer.ts';
import { EngineError } from './engine-error.ts';
import type { Fields } from './go-types.ts';
import { sendBody, sendNothing } from './http.ts';
import { schemaProblem } from './json-schema.ts';
import type { Model, ModelStore } from './models.ts';
import type { Options } from './options.ts';
import type { Clock } from './processor-sharing.ts';
import type { Runner, RunnerDeps } from './runner.ts';
import type { Scheduler } from './scheduler.ts';
import { hashText, type Saying, say, tokenize } from './text.ts';
import type { Piece, ToolCall } from './wire.ts';

/** What every endpoint that generates needs. */
export interface Engine extends RunnerDeps {
  readonly models: ModelStore;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  /** For a request that names no seed. */
  readonly nextSeed: () => number;
}

/** What is to be generated from. */
export interface Input {
  readonly request: Fields;
  /** Made once the context's length is known; undefined only loads the model. */
  readonly prompt: ((contextLength: number) => string) | undefined;
  /** Tokens of an earlier answer, before the prompt. */
  readonly context: readonly number[];
  readonly images: number;
  /** Whether the model reasons first, where it can. */
  readonly thinks: boolean;
  /** What the model calls instead of an answer in words. */
  readonly toolCall: ToolCall | undefined;
}

/**
 * What Ollama takes to get at a loaded model (its manifest, its file's head, a ping), in tokens' time: a faster machine
 * is faster at that, too. At most a tenth of a load. Measured: 0.11 s where a token took 0.014 s.
 */
const OVERHEAD_TOKENS = 8;

/** Gets a runner, generates, and answers; ends with the caller's connection. */
export function run(
  engine: Engine,
  model: Model,
  options: Options,
  keepAliveMs: number | undefined,
  call: Call,
  input: Input,
): void {
  const { outgoing, wire } = call;
  const onRunner = (runner: Runner, passedMs: () => number) => {
    const { prompt } = input;
    if (prompt === undefined) {
      sendBody(outgoing, 200, wire.idle('load'), wire.types.idle);
      return undefined;
    }
    // Ollama looks them up, and panics.
    if (input.context.some((token) => token < 0 || token >= model.family.vocabulary)) {
      sendNothing(outgoing, 500);
      return undefined;
    }
    const answer = new Answer(call, passedMs);
    try {
      return generate(engine, runner, options, input, prompt(runner.contextLength), answer);
    } catch (error) {
      answer.fail(error, wire.types.refusal);
      return undefined;
    }
  };
  const onError = (error: EngineError) => sendFailure(outgoing, error, wire.failure, wire.types.refusal);
  withRunner(engine, { model, options, keepAliveMs }, outgoing, onRunner, onError);
}

/**
 * Gets a runner for the length of an answer, which ends with the caller's connection.
 *
 * @param onRunner returns the way to cancel what it has begun; `passedMs` is the time since the request arrived
 */
export function withRunner(
  engine: Engine,
  wanted: { readonly model: Model; readonly options: Options; readonly keepAliveMs: number | undefined },
  outgoing: ServerResponse,
  onRunner: (runner: Runner, passedMs: () => number) => (() => void) | undefined,
  onError: (error: EngineError) => void,
): void {
  const arrivedAt = engine.machine.now;
  const passedMs = () => engine.machine.now - arrivedAt;
  let stop = () => {};
  let letGo = () => {};
  const claim = () => {
    stop = () => {};
    letGo = engine.scheduler.claim({
      ...wanted,
      onRunner(runner) {
        stop = onRunner(runner, passedMs) ?? stop;
      },
      onError,
    });
  };
  const { loadMs, outputTokensPerSecond } = engine.settings;
  const overheadMs = Math.min((OVERHEAD_TOKENS * 1000) / outputTokensPerSecond, loadMs / 10) * engine.spread.factor();
  if (overheadMs > 0) {
    const cancel = engine.clock.setTimer(overheadMs, claim);
    stop = () => {
      cancel();
      engine.counts.cancelled++;
    };
  } else claim();
  outgoing.once('close', () => {
    stop();
    letGo();
  });
}

/** Returns the way to cancel it. */
function generate(
  engine: Engine,
  runner: Runner,
  options: Options,
  input: Input,
  prompt: string,
  answer: Answer,
): () => void {
  const { request, context, images, thinks, toolCall } = input;
  const json = readFormat(request.format, answer);
  if (json === undefined) return () => {};
  const { contextLength, model } = runner;
  const after = (text: string) => (context.length === 0 ? tokenize(text) : [...context, ...tokenize(text)]);
  const whole = after(prompt);
  const isTooLong = whole.length > contextLength;
  // The beginning is kept, and the end.
  const keep = Math.min(options.num_keep < 0 ? whole.length : options.num_keep, contextLength - 1);
  const read = isTooLong ? [...whole.slice(0, keep), ...whole.slice(keep - contextLength)] : whole;
  let said: Saying;
  let tokens: number[] | undefined;
  /** The conversation, with the answer. */
  const spoken = () => {
    tokens ??= after(prompt + said.thinking.join('') + said.tokens.join(''));
    return tokens;
  };
  return runner.run({
    prompt: read,
    stream: answer.streamed,
    begin() {
      if (images > 0 && model.family.refusesImages) throw new EngineError(500, NO_IMAGES);
      if (isTooLong && request.truncate === false) {
        throw new EngineError(400, 'the input length exceeds the context length');
      }
      const limits = {
        maxTokens: limitOf(options, contextLength, request.shift === false ? read.length : undefined),
        meanTokens: engine.settings.answerTokens,
      };
      const seed = seedOf(engine, model, options, prompt);
      const asked = { prompt, seed, temperature: options.temperature, ...limits, stop: options.stop, json };
      said = say(asked, thinks ? engine.settings.reasoningTokens : 0, toolCall);
      return said.count;
    },
    // Beyond the context the cache is shifted, and only what is kept of the beginning stays where it was.
    cached: () => (spoken().length > contextLength ? spoken().slice(0, keep) : spoken()),
    onToken(index) {
      const piece = pieceAt(said, index);
      return piece && answer.part(piece);
    },
    onDone(timing) {
      const { doneReason, count: outputTokens } = said;
      const end = { doneReason, promptTokens: read.length, outputTokens, context: spoken };
      answer.finish(timing, end, () => wholeOf(said));
    },
    onError: (error) => answer.fail(error),
  });
}

/** A token of a stream. The one that ends a text has no text; those of a call come together, with the last of them. */
function pieceAt({ thinking, tokens, toolCall, count }: Saying, index: number): Piece | undefined {
  if (index < thinking.length) return { thinking: thinking[index] as string };
  if (toolCall) return index === count - 1 ? { toolCalls: [toolCall] } : undefined;
  const text = tokens[index - thinking.length];
  return text === undefined ? undefined : { text };
}

function wholeOf({ thinking, tokens, toolCall }: Saying): Piece {
  const said = { text: tokens.join(''), thinking: thinking.join('') };
  return toolCall ? { ...said, toolCalls: [toolCall] } : said;
}

const NO_IMAGES =
  'Failed to create new sequence: failed to process inputs: this model is missing data required for image input';

/** Whether the answer is to be JSON; undefined once an unknown format has been answered. */
function readFormat(format: unknown, answer: Answer): boolean | undefined {
  if (format === undefined || format === '') return false;
  if (format === 'json') return true;
  const problem = formatProblem(format);
  if (problem === undefined) return true;
  answer.fail(new EngineError(500, problem));
  return undefined;
}

function formatProblem(format: unknown): string | undefined {
  if (typeof format === 'object' && format !== null && !Array.isArray(format)) return schemaProblem(format as Fields);
  return `invalid format: ${JSON.stringify(JSON.stringify(format))}; expected "json" or a valid JSON Schema object`;
}

/** The same seed with the same prompt says the same; so does a model that leaves nothing to chance. */
function seedOf(engine: Engine, model: Model, { seed, temperature }: Options, prompt: string): number {
  if (seed < 0 && temperature > 0) return engine.nextSeed();
  return (hashText(model.blob + prompt) ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
}

/** The most tokens: ten contexts' where the request names none, and no more than the context has room where it must not shift. */
function limitOf({ num_predict: asked }: Options, contextLength: number, promptTokens: number | undefined): number {
  const most = 10 * contextLength;
  const limit = asked < 0 || asked > most ? most : asked;
  if (promptTokens === undefined) return limit;
  const room = Math.max(1, contextLength - promptTokens + 1);
  return limit === 0 ? room : Math.min(limit, room);
}
