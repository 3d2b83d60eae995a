import { hostname } from 'node:os';
import { type Auth, readAuth } from './auth.ts';
import type { Env } from './env.ts';

/** What A and B have in common. Durations are in milliseconds here and in seconds in the environment. */
export interface CommonSettings {
  readonly host: string;
  readonly auth: Auth;
  readonly minProcessMs: number;
  readonly concurrency: number;
  readonly queue: number;
  readonly maxInFlight: number;
  readonly maxBodyBytes: number;
  readonly readTimeoutMs: number;
  /** undefined where no log is wanted. */
  readonly logPath: string | undefined;
}

/**
 * The defaults of admission are made for an engine that works on as many requests at once as it has slots
 * (`OLLAMA_NUM_PARALLEL`, in Ollama 1) and lets any number wait for them, in an order that knows no deadlines and by a
 * clock that counts for the model:
 * - as many at work as the engine has slots: who waits, waits here, where waiting is named, bounded and free of cost;
 * - 64 waiting: more than a caller with the usual 180 s limit can be asked to wait for at the 0.3 requests/s that a CPU
 *   machine does, but not at the rates of small or simulated models. Whoever cannot be served in time any more is
 *   refused by the deadline that the caller named, not by the length of the queue.
 */
export function readCommonSettings(env: Env, defaults: { minProcessSeconds: number }): CommonSettings {
  const slots = env.integer('OLLAMA_NUM_PARALLEL', 1, { min: 1, max: 10_000 });
  const concurrency = env.integer('MAX_CONCURRENCY', slots, { min: 1, max: 10_000 });
  const queue = env.integer('MAX_QUEUE', 64, { min: 0, max: 100_000 });
  return {
    host: env.text('SERVICE_HOST', hostname()),
    auth: readAuth(env),
    minProcessMs: env.number('MIN_PROCESS_SECONDS', defaults.minProcessSeconds, { min: 0, max: 3600 }) * 1000,
    concurrency,
    queue,
    // Requests that only wait out MIN_PROCESS_SECONDS, or for B, hold no place, so they need a bound of their own.
    maxInFlight: env.integer('MAX_IN_FLIGHT', Math.max(1024, concurrency + queue), { min: 1, max: 1_000_000 }),
    maxBodyBytes: env.integer('MAX_BODY_BYTES', 1 << 20, { min: 1, max: 1 << 30 }),
    readTimeoutMs: env.number('READ_TIMEOUT_SECONDS', 10, { min: 0.1, max: 3600 }) * 1000,
    logPath: logPath(env.raw('LOG_PATH')),
  };
}

export interface ModelDefaults {
  readonly promptChars: number;
  readonly numPredict: number;
  readonly numCtx: number;
}

/** What the model sees and may say. */
export function readModelSettings(env: Env, defaults: ModelDefaults): ModelDefaults & { readonly temperature: number } {
  return {
    promptChars: env.integer('PROMPT_CHARS', defaults.promptChars, { min: 1, max: 10_000_000 }),
    numPredict: env.integer('NUM_PREDICT', defaults.numPredict, { min: 1, max: 1_000_000 }),
    numCtx: env.integer('NUM_CTX', defaults.numCtx, { min: 1, max: 10_000_000 }),
    temperature: env.number('TEMPERATURE', 0.2, { min: 0, max: 10 }),
  };
}

/** Empty or "none" turns the log off, which is why unset and empty differ here and nowhere else. */
function logPath(raw: string | undefined): string | undefined {
  if (raw === undefined) return '/logs/requests.jsonl';
  const path = raw.trim();
  return path === '' || path === 'none' ? undefined : path;
}
