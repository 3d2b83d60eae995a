import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from 'vitest';

export type ProgramName = 'service-a' | 'service-b' | 'engine-sim' | 'proxy';
export type Settings = Readonly<Record<string, string>>;

/** A service running as a process of its own, listening on a port that the system chose. */
export interface Program {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Everything it has written to stderr so far. */
  stderr(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code once it has ended. */
  readonly exited: Promise<number | null>;
}

const services = fileURLToPath(new URL('../../../templates/services/', import.meta.url));

/** Starts the program's `main.ts` without waiting for anything; for runs that are expected to fail. */
export function spawnProgram(name: ProgramName, settings: Settings, args: readonly string[] = []): ChildProcess {
  const env = { PATH: process.env.PATH, BIND_ADDRESS: '127.0.0.1', PORT: '0', LOG_PATH: 'none', ...settings };
  return spawn(process.execPath, [`${services}${name}/main.ts`, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function startProgram(name: ProgramName, settings: Settings): Promise<Program> {
  const child = spawnProgram(name, settings);
  let stderr = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const [, found] = /listening on http:\/\/\S+:(\d+)/.exec(stderr) ?? [];
      if (found) resolve(Number(found));
    });
    void exited.then((code) => reject(new Error(`${name} ended with ${code}: ${stderr}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid as number,
    stderr: () => stderr,
    signal: (signal) => child.kill(signal),
    exited,
  };
}

/** Programs for one test each; whatever still runs at its end is killed. */
export function createLab() {
  const running: Program[] = [];
  const start = async (name: ProgramName, settings: Settings = {}) => {
    const program = await startProgram(name, settings);
    running.push(program);
    return program;
  };
  afterEach(async () => {
    for (const program of running) program.signal('SIGKILL');
    await Promise.all(running.splice(0).map(({ exited }) => exited));
  });
  return {
    start,
    /** An engine that takes no time, says as much as it may, and has both models. */
    engine: (settings: Settings = {}) => start('engine-sim', { ...INSTANT_ENGINE, ...settings }),
    b: (engineUrl: string, settings: Settings = {}) =>
      start('service-b', { OLLAMA_URL: engineUrl, MIN_PROCESS_SECONDS: '0', SERVICE_HOST: 'b-1', ...settings }),
    a: (engineUrl: string, bUrl: string, settings: Settings = {}) =>
      start('service-a', { OLLAMA_URL: engineUrl, REMOTE_B_URL: `${bUrl}/invoke`, ...settings }),
    proxy: (backends: readonly { readonly url: string }[], settings: Settings = {}) =>
      start('proxy', {
        PROXY_BACKENDS: backends.map(({ url }, index) => `b${index + 1}=${url}`).join(','),
        PROXY_HEALTH_INTERVAL_MS: '50',
        ...settings,
      }),
  };
}

/** Answers as long as they may be, and the same work takes the same time: what a test can calculate with. */
const EXACT_ENGINE: Settings = { SIM_ANSWER_TOKENS: '0', SIM_SPREAD: '0' };

const INSTANT_ENGINE: Settings = {
  SIM_MODELS: 'tinyllama,phi3:mini',
  SIM_PROMPT_TOKENS_PER_SECOND: '0',
  SIM_OUTPUT_TOKENS_PER_SECOND: '0',
  SIM_LOAD_SECONDS: '0',
  SIM_PULL_SECONDS: '0',
  ...EXACT_ENGINE,
};

/** An engine on which one of B's generations (40 tokens) takes `ms` with nothing beside it; prompts take no time. */
export function engineWithGenerationOf(ms: number, slots: number): Settings {
  return { SIM_OUTPUT_TOKENS_PER_SECOND: String(40_000 / ms), OLLAMA_NUM_PARALLEL: String(slots) };
}

export const LONG_PROMPT = 'the quick brown fox jumps over the lazy dog and then it sleeps '.repeat(20);

// biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON of many shapes
export type Json = any;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
  /** Milliseconds. */
  readonly ms: number;
}

/** Sends a JSON body (a string goes as it is) and reads the JSON answer. */
export async function post(url: string, body: unknown, init: RequestInit = {}): Promise<Reply> {
  const text =
    typeof body === 'string' || body instanceof Uint8Array
      ? (body as NonNullable<RequestInit['body']>)
      : JSON.stringify(body);
  return request(url, { method: 'POST', body: text, ...init });
}

export async function request(url: string, init: RequestInit = {}): Promise<Reply> {
  const startedAt = performance.now();
  const response = await fetch(url, init);
  const text = await response.text();
  const ms = performance.now() - startedAt;
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text), ms };
}

/** Waits until the engine's counters are as expected. */
export async function expectEngine(engine: Program, expected: Json): Promise<void> {
  await expect
    .poll(async () => (await request(`${engine.url}/sim/stats`)).body, { timeout: 5000, interval: 10 })
    .toMatchObject(expected);
}

export async function expectHealth(program: Program, status: number, expected: Json): Promise<void> {
  await expect
    .poll(async () => request(`${program.url}/health`), { timeout: 8000, interval: 25 })
    .toMatchObject({ status, body: expected });
}
