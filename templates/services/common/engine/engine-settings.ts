import { type Env, EnvError, parseHttpUrl } from '../env.ts';
import { parseKeepAliveSetting } from '../keep-alive.ts';

/** What a generation of `/chain` and `/invoke` asks for, and what the own model is loaded with. */
export interface GenerateDefaults {
  readonly numPredict: number;
  readonly numCtx: number;
  readonly temperature: number;
}

/** How a service finds and uses its engine. Durations are in milliseconds here and in seconds in the environment. */
export interface EngineSettings {
  readonly kind: 'ollama' | 'openai';
  /** Without `/v1` and without a slash at its end. */
  readonly url: string;
  /** Of every request to the engine: its key, if it asks for one. */
  readonly headers: Readonly<Record<string, string>>;
  /** The own model; empty where it is the first one that the engine lists. */
  readonly model: string;
  /** To the first token and between two tokens, or for a whole answer that is not streamed. */
  readonly timeoutMs: number;
  /** Ollama's duration ("30m", "-1"): how long the model stays loaded after a request. */
  readonly keepAlive: string;
  readonly preload: boolean;
  /** Missing models are pulled. */
  readonly pull: boolean;
  /** Attempts to reach the engine at the start; the pause after the first, which doubles. */
  readonly retries: { readonly count: number; readonly delayMs: number };
  /** The program ends when the last of these attempts has failed. */
  readonly exitWithout: boolean;
  /** Models that are listed and accepted; empty: all that the engine has. */
  readonly listed: readonly string[];
  readonly generate: GenerateDefaults;
  /** The least context of a chat, in tokens. */
  readonly chatNumCtx: number;
  /** Of the own model's file, where an engine does not tell it. */
  readonly digest: string;
}

/** The variables of A and of B that name the own model, and what it is with Ollama where neither is set. */
export interface OwnModel {
  readonly variable: string;
  readonly fallback: string;
}

/** Reads the engine's part of the environment; docs/operating.md has the list. */
export function readEngineSettings(env: Env, own: OwnModel, generate: GenerateDefaults): EngineSettings {
  const keepAlive = env.text('KEEP_ALIVE_MODEL', '30m');
  if (parseKeepAliveSetting(keepAlive) === undefined) {
    throw new EnvError(`KEEP_ALIVE_MODEL: "${keepAlive}" is not a duration`);
  }
  const kind = readKind(env);
  const named = env.text(own.variable, env.text('MODEL_NAME', ''));
  return {
    kind,
    url: readUrl(env),
    headers: readHeaders(env),
    model: named === '' && kind === 'ollama' ? own.fallback : named,
    timeoutMs: env.number('OLLAMA_TIMEOUT_SECONDS', 120, { min: 0.05, max: 86_400 }) * 1000,
    keepAlive,
    preload: env.flag('PRELOAD', true),
    pull: env.flag('PULL_MODEL', true),
    retries: {
      count: env.integer('CONNECTION_RETRY_COUNT', 3, { min: 1, max: 1_000_000 }),
      delayMs: env.number('CONNECTION_RETRY_DELAY', 5, { min: 0.01, max: 3600 }) * 1000,
    },
    exitWithout: env.flag('EXIT_WITHOUT_ENGINE', false),
    listed: env
      .text('MODELS', '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    generate,
    chatNumCtx: env.integer('CHAT_NUM_CTX', 4096, { min: 1, max: 10_000_000 }),
    digest: env.text('MODEL_SHA256', ''),
  };
}

function readKind(env: Env): 'ollama' | 'openai' {
  const kind = env.text('ENGINE', 'ollama');
  if (kind === 'ollama' || kind === 'openai') return kind;
  throw new EnvError(`ENGINE: "${kind}" is neither "ollama" nor "openai"`);
}

function readUrl(env: Env): string {
  const name = ['ENGINE_URL', 'OLLAMA_URL'].find((variable) => env.text(variable, '') !== '');
  const url = name === undefined ? serviceUrl(env) : parseHttpUrl(name, env.text(name, ''));
  if (url.username !== '' || url.password !== '') {
    throw new EnvError(`${name}: a URL with a name or a password is not used; ENGINE_API_KEY has the engine's key`);
  }
  url.search = '';
  url.hash = '';
  return url.href.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '');
}

function serviceUrl(env: Env): URL {
  const [host, port] = [env.text('LLM_SERVICE_HOST_IP', ''), env.text('LLM_SERVICE_PORT', '')];
  if (host === '' || port === '') return new URL('http://ollama:11434');
  // Where a server listens to everything, it is reached by loopback.
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return parseHttpUrl('LLM_SERVICE_HOST_IP, LLM_SERVICE_PORT', `http://${reached}:${port}`);
}

function readHeaders(env: Env): Readonly<Record<string, string>> {
  const key = env.secret('ENGINE_API_KEY');
  if (key === undefined) return {};
  if (!/^[\x21-\x7e]+$/.test(key.value)) {
    throw new EnvError(`${key.name}: a key is printable ASCII without spaces`);
  }
  return { authorization: `Bearer ${key.value}` };
}
