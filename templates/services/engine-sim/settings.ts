import { type Env, EnvError } from '../common/env.ts';
import { parseKeepAliveSetting } from '../common/keep-alive.ts';

/** What machine is being simulated. Rates are per second of the whole machine; Infinity means that it takes no time. */
export interface SimSettings {
  readonly promptTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  /** How many tokens the model says when nothing cuts it off, in the mean; Infinity: until it is cut off. */
  readonly answerTokens: number;
  /** Tokens of reasoning before each answer, from every model; 0: no model reasons. */
  readonly reasoningTokens: number;
  /** How much the time of the same work differs: the standard deviation of its logarithm; 0 for always the mean. */
  readonly spread: number;
  /** Of everything that is left to chance. */
  readonly seed: number;
  readonly loadMs: number;
  readonly pullMs: number;
  /** Per model, as in Ollama. */
  readonly parallel: number;
  /** Requests that may wait for a model to be loaded. */
  readonly maxQueue: number;
  /** Models that are loaded at the same time. */
  readonly maxLoaded: number;
  /** Of a request that does not say, in tokens. */
  readonly numCtx: number;
  /** How long a model stays loaded when the request does not say, in milliseconds. */
  readonly keepAliveMs: number;
  readonly models: readonly string[];
  /** What can be pulled; undefined for everything. */
  readonly registry: readonly string[] | undefined;
  /** Keeps the names of pulled models over a restart; undefined for a memory that ends with the process. */
  readonly modelsFile: string | undefined;
}

/** The default rates are those of a small CPU machine with a model of one to four billion parameters. */
export function readSimSettings(env: Env): SimSettings {
  const keepAlive = env.text('OLLAMA_KEEP_ALIVE', '5m');
  const keepAliveMs = parseKeepAliveSetting(keepAlive);
  if (keepAliveMs === undefined) throw new EnvError(`OLLAMA_KEEP_ALIVE: "${keepAlive}" is not a duration`);
  return {
    promptTokensPerSecond: rate(env, 'SIM_PROMPT_TOKENS_PER_SECOND', 400),
    outputTokensPerSecond: rate(env, 'SIM_OUTPUT_TOKENS_PER_SECOND', 60),
    answerTokens: rate(env, 'SIM_ANSWER_TOKENS', 100),
    reasoningTokens: env.integer('SIM_REASONING_TOKENS', 0, { min: 0, max: 10_000 }),
    spread: env.number('SIM_SPREAD', 0.1, { min: 0, max: 2 }),
    seed: env.integer('SIM_SEED', 1, { min: 0, max: 2 ** 32 - 1 }),
    loadMs: env.number('SIM_LOAD_SECONDS', 1, { min: 0, max: 3600 }) * 1000,
    pullMs: env.number('SIM_PULL_SECONDS', 2, { min: 0, max: 3600 }) * 1000,
    parallel: env.integer('OLLAMA_NUM_PARALLEL', 1, { min: 1, max: 10_000 }),
    maxQueue: env.integer('OLLAMA_MAX_QUEUE', 512, { min: 0, max: 1_000_000 }),
    // Three, where there is no graphics processor.
    maxLoaded: env.integer('OLLAMA_MAX_LOADED_MODELS', 3, { min: 0, max: 10_000 }) || 3,
    numCtx: env.integer('OLLAMA_CONTEXT_LENGTH', 4096, { min: 0, max: 10_000_000 }) || 4096,
    keepAliveMs,
    models: names(env, 'SIM_MODELS'),
    registry: env.text('SIM_REGISTRY', '') === '' ? undefined : names(env, 'SIM_REGISTRY'),
    modelsFile: env.text('SIM_MODELS_FILE', '') || undefined,
  };
}

function names(env: Env, name: string): string[] {
  return env
    .text(name, '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/** 0, "inf" and "Infinity" all mean: no limit. */
function rate(env: Env, name: string, fallback: number): number {
  const text = env.text(name, String(fallback));
  if (/^\+?inf(inity)?$/i.test(text)) return Infinity;
  return env.number(name, fallback, { min: 0 }) || Infinity;
}

/** `OLLAMA_HOST` says where to listen, in Ollama's forms: host, host:port, :port, with or without a scheme. */
export function listenDefaults(host: string | undefined): { port: number; address: string } {
  const fallback = { port: 11_434, address: '127.0.0.1' };
  const text = host?.trim();
  if (!text) return fallback;
  const withScheme = text.includes('://') ? text : `http://${text.startsWith(':') ? `0.0.0.0${text}` : text}`;
  if (!URL.canParse(withScheme)) return fallback;
  const { hostname, port } = new URL(withScheme);
  return { port: port === '' ? fallback.port : Number(port), address: hostname.replace(/^\[|\]$/g, '') };
}
