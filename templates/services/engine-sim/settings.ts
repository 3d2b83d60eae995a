import { type Env, EnvError } from '../common/env.ts';
import { parseKeepAlive } from './keep-alive.ts';

/** What machine is being simulated. Rates are per second of the whole machine; Infinity means that it takes no time. */
export interface SimSettings {
  readonly promptTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly loadMs: number;
  readonly pullMs: number;
  /** Per model, as in Ollama. */
  readonly parallel: number;
  /** Requests that may wait for a slot, over all models. */
  readonly maxQueue: number;
  /** How long a model stays loaded when the request does not say, in milliseconds. */
  readonly keepAliveMs: number;
  readonly models: readonly string[];
  /** Keeps the names of pulled models over a restart; undefined for a memory that ends with the process. */
  readonly modelsFile: string | undefined;
}

/** The default rates are those of a small CPU machine with a model of one to four billion parameters. */
export function readSimSettings(env: Env): SimSettings {
  const keepAlive = env.text('OLLAMA_KEEP_ALIVE', '5m');
  const keepAliveMs = parseKeepAlive(keepAlive);
  if (keepAliveMs === undefined) throw new EnvError(`OLLAMA_KEEP_ALIVE: "${keepAlive}" is not a duration`);
  return {
    promptTokensPerSecond: rate(env, 'SIM_PROMPT_TOKENS_PER_SECOND', 400),
    outputTokensPerSecond: rate(env, 'SIM_OUTPUT_TOKENS_PER_SECOND', 60),
    loadMs: env.number('SIM_LOAD_SECONDS', 1, { min: 0, max: 3600 }) * 1000,
    pullMs: env.number('SIM_PULL_SECONDS', 2, { min: 0, max: 3600 }) * 1000,
    parallel: env.integer('OLLAMA_NUM_PARALLEL', 4, { min: 1, max: 10_000 }),
    maxQueue: env.integer('OLLAMA_MAX_QUEUE', 512, { min: 0, max: 1_000_000 }),
    keepAliveMs,
    models: env
      .text('SIM_MODELS', '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    modelsFile: env.text('SIM_MODELS_FILE', '') || undefined,
  };
}

/** 0, "inf" and "Infinity" all mean: at once. */
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
