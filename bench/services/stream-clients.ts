import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

/** Milliseconds. */
export interface FirstTokens {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

/** What is asked for a stream, and for which model. */
export interface Target {
  readonly url: string;
  readonly model: string;
  /** What is asked; by default one word. */
  readonly content?: string;
  /** The answer ends after so many tokens, where the model heeds it. */
  readonly maxTokens?: number;
}

/** Of an answer that comes as fast as it is taken. */
export const BURST_TOKENS = 20_000;

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const CONTENT = Buffer.from('"content":" ');
const DONE = Buffer.from('[DONE]');

/** Starts the scripted engine. */
export async function startStreamEngine(): Promise<{ readonly url: string; stop(): void }> {
  const child = fork(new URL('./stream-engine-process.ts', import.meta.url).pathname, [String(BURST_TOKENS)]);
  const [port] = await once(child, 'message');
  return { url: `http://127.0.0.1:${port}`, stop: () => void child.kill('SIGKILL') };
}

function ask({ url, model, content = 'Hello!', maxTokens }: Target): Promise<IncomingMessage> {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content }], max_tokens: maxTokens });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/**
 * Reads one stream to its end.
 *
 * @returns milliseconds to its first token
 * @throws Error where it is no whole answer
 */
async function readWhole(target: Target): Promise<number> {
  const sentAt = performance.now();
  const response = await ask(target);
  let first: number | undefined;
  let last: Buffer = Buffer.alloc(0);
  for await (const bytes of response as AsyncIterable<Buffer>) {
    if (first === undefined && bytes.includes(CONTENT)) first = performance.now() - sentAt;
    last = bytes.length >= DONE.length ? bytes : Buffer.concat([last, bytes]);
  }
  if (response.statusCode !== 200 || first === undefined || !last.includes(DONE)) {
    throw new Error(`${target.url} (${target.model}): status ${response.statusCode}, ${last.toString().slice(-200)}`);
  }
  return first;
}

/** Over so many milliseconds streams are begun, about as long as one lasts: those that begin together wait for each other. */
const SPREAD_MS = 440;

/** Keeps `streams` open for so long, and tells when first tokens came. */
export async function firstTokens(target: Target, streams: number, seconds: number): Promise<number[]> {
  const until = performance.now() + seconds * 1000;
  const all: number[] = [];
  const loop = async (index: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, (SPREAD_MS * index) / streams));
    while (performance.now() < until) all.push(await readWhole(target));
  };
  await Promise.all(Array.from({ length: streams }, (_, index) => loop(index)));
  return all;
}

/** Reads so many streams, one after another, and tells when their first tokens came. */
export async function oneByOne(target: Target, streams: number): Promise<number[]> {
  const all: number[] = [];
  for (let left = streams; left > 0; left--) all.push(await readWhole(target));
  return all;
}

export function figuresOf(times: readonly number[]): FirstTokens {
  const sorted = times.toSorted((x, y) => x - y);
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

/** Reads so many whole streams, so many at once. */
export async function drain(target: Target, streams: number, atOnce: number): Promise<void> {
  let left = streams;
  const loop = async (): Promise<void> => {
    while (left-- > 0) await readWhole(target);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}

/** Opens streams that do not end; resolves when each has its first token. */
export async function hold(target: Target, streams: number): Promise<{ leave(): void }> {
  const open = await Promise.all(
    Array.from({ length: streams }, async () => {
      const response = await ask(target);
      if (response.statusCode !== 200) throw new Error(`a stream that is held has status ${response.statusCode}`);
      await once(response, 'data');
      response.resume();
      response.on('error', () => {});
      return response;
    }),
  );
  return { leave: () => open.forEach((response) => void response.destroy()) };
}
