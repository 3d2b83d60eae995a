import { engineSays, errorText, parseObject, plainText } from './engine-error.ts';
import { parseTime } from './engine-models.ts';
import { keepAliveField } from './keep-alive.ts';
import { Problem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';
import { roundSeconds } from './seconds.ts';
import { type Upstream, UpstreamError } from './upstream.ts';

export interface GenerateSettings {
  readonly model: string;
  readonly numPredict: number;
  readonly numCtx: number;
  readonly temperature: number;
  /** Ollama's duration ("30m", "-1"): how long the model stays loaded after a request. */
  readonly keepAlive: string;
  /** For one generation including its wait in the engine's queue, in milliseconds. */
  readonly timeoutMs: number;
}

/** Where the engine's time went, in seconds, by its own clock. */
export interface EngineTiming {
  readonly total_seconds: number;
  /** What is none of the following: waiting for a slot. */
  readonly queue_seconds: number;
  readonly load_seconds: number;
  readonly prompt_seconds: number;
  readonly generation_seconds: number;
}

export interface Generation {
  readonly text: string;
  /** The whole call as this service saw it. */
  readonly seconds: number;
  /** undefined where the engine does not tell its durations. */
  readonly engine: EngineTiming | undefined;
  readonly usage: { readonly prompt_eval_count: number; readonly eval_count: number };
  /** The engine said that it is a simulation. */
  readonly simulated: boolean;
}

/**
 * One generation. Failures become the contract's answers: 502 `<who> error: ...`, 504 when it takes too long.
 * @param who `ollama` in service B, `ollama(A)` in service A
 */
export async function generate(
  engine: Upstream,
  settings: GenerateSettings,
  prompt: string,
  scope: RequestScope,
  who: string,
): Promise<Generation> {
  scope.check();
  const startedAt = performance.now();
  const reply = await engine
    .request({
      method: 'POST',
      path: '/api/generate',
      body: JSON.stringify({ ...modelFields(settings), prompt }),
      timeoutMs: settings.timeoutMs,
      scope,
    })
    .catch((error: unknown) => {
      if (error instanceof UpstreamError) throw failure(who, error.message, error.kind === 'timeout' ? 504 : 502);
      throw error;
    });
  const seconds = (performance.now() - startedAt) / 1000;
  if (reply.status !== 200) throw failure(who, engineSays(reply));
  const body = parseObject(reply.text);
  if (typeof body?.response !== 'string') {
    const said = plainText(errorText(body) ?? '');
    throw failure(who, said === '' ? 'answered with something that is not a generation' : said);
  }
  return {
    text: body.response,
    seconds,
    engine: engineTiming(body, seconds),
    usage: { prompt_eval_count: wholeCount(body.prompt_eval_count), eval_count: wholeCount(body.eval_count) },
    simulated: body.simulated === true,
  };
}

/**
 * Ollama loads a model and answers when it is loaded, if it is asked to generate from nothing. A loaded model only stays
 * longer by it. It loads again whatever is loaded with other options, so these are the very options of the requests.
 * Rejects with the engine's own words.
 * @returns when the engine answered, by its own clock (milliseconds since 1970); undefined where it does not tell
 */
export async function loadModel(
  engine: Pick<Upstream, 'request'>,
  settings: GenerateSettings,
  timeoutMs: number,
): Promise<number | undefined> {
  const body = JSON.stringify(modelFields(settings));
  const reply = await engine.request({ method: 'POST', path: '/api/generate', body, timeoutMs });
  const answer = parseObject(reply.text);
  if (reply.status !== 200 || errorText(answer) !== undefined) throw new Error(engineSays(reply));
  return typeof answer?.created_at === 'string' ? parseTime(answer.created_at) : undefined;
}

/** Longer than the whole by so much is a clock's rounding. */
const ROUNDING = 1.02;
const ROUNDING_NS = 10_000_000;

/**
 * Ollama's durations (nanoseconds; it leaves out those that are 0) as seconds. undefined without a total, and where the
 * parts exceed it or it exceeds the call: such an engine has told nothing that adds up.
 * @param seconds the whole call as this service saw it
 */
export function engineTiming(body: Readonly<Record<string, unknown>>, seconds: number): EngineTiming | undefined {
  const total = count(body.total_duration);
  const load = count(body.load_duration);
  const prompt = count(body.prompt_eval_duration);
  const generation = count(body.eval_duration);
  const fits = (part: number, whole: number) => part <= whole * ROUNDING + ROUNDING_NS;
  if (total <= 0 || !fits(load + prompt + generation, total) || !fits(total, seconds * 1e9)) return undefined;
  return {
    total_seconds: fromNanoseconds(total),
    queue_seconds: fromNanoseconds(Math.max(0, total - load - prompt - generation)),
    load_seconds: fromNanoseconds(load),
    prompt_seconds: fromNanoseconds(prompt),
    generation_seconds: fromNanoseconds(generation),
  };
}

/** How long a generation took without its wait for a slot of the engine and for the model, in milliseconds. */
export function workedMs({ seconds, engine }: Generation): number {
  return Math.max(0, seconds - (engine?.queue_seconds ?? 0) - (engine?.load_seconds ?? 0)) * 1000;
}

/** The same figures for the request log, whose lines are flat. */
export function flatTiming(queueSeconds: number, engine: EngineTiming | undefined): Record<string, number> {
  const queue = { queue_seconds: queueSeconds };
  if (engine === undefined) return queue;
  const { queue_seconds, load_seconds, prompt_seconds, generation_seconds } = engine;
  return { ...queue, engine_queue_seconds: queue_seconds, load_seconds, prompt_seconds, generation_seconds };
}

function modelFields({ model, keepAlive, numPredict, numCtx, temperature }: GenerateSettings) {
  return {
    model,
    stream: false,
    keep_alive: keepAliveField(keepAlive),
    options: { num_predict: numPredict, num_ctx: numCtx, temperature },
  };
}

function failure(who: string, why: string, status = 502): Problem {
  return new Problem(status, `${who} error: ${why}`);
}

function fromNanoseconds(nanoseconds: number): number {
  return roundSeconds(nanoseconds / 1e9);
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : 0;
}

/** A number of tokens; 0 for what can be none. */
function wholeCount(value: unknown): number {
  return Number.isSafeInteger(value) ? count(value) : 0;
}
