import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

interface Settings {
  /** Names of its models. */
  readonly models?: readonly string[];
  /** Also answers `/api/tags`, as Ollama does. */
  readonly isOllama?: boolean;
  /** Answers in its place; true where it did. The number counts the POSTs from 1 on. */
  readonly instead?: (seen: Seen, response: ServerResponse, count: number) => boolean;
}

const USAGE = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 };
const COUNTS = { done: true, done_reason: 'stop', prompt_eval_count: 5, eval_count: 3 };
const PIECES = ['a', 'b', 'c'];

/** A server of a model on loopback that speaks the APIs of OpenAI and of Ollama, answers `abc`, and remembers what came. */
export class ModelServer {
  readonly seen: Seen[] = [];
  readonly #settings: Settings;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  private constructor(settings: Settings) {
    this.#settings = settings;
  }

  static async open(settings: Settings = {}): Promise<ModelServer> {
    const opened = new ModelServer(settings);
    await new Promise<void>((resolve) => opened.#server.listen(0, '127.0.0.1', resolve));
    return opened;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Bodies of the requests, in the order in which they came. */
  get bodies() {
    return this.seen.map(({ body }) => body);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { url: path = '', headers, method } = request;
    const { models = ['m'], isOllama = false, instead } = this.#settings;
    if (method === 'GET') {
      if (path === '/v1/models')
        json(response, 200, { object: 'list', data: models.map((id) => ({ id, owned_by: 'x' })) });
      else if (path === '/api/tags' && isOllama) json(response, 200, { models: models.map((name) => ({ name })) });
      else json(response, 404, { error: { message: 'no such route' } });
      return;
    }
    const seen = { path, headers, body: JSON.parse(text) as Seen['body'] };
    this.seen.push(seen);
    if (instead?.(seen, response, this.seen.length) === true) return;
    const { model, stream, stream_options: options } = seen.body;
    if (path === '/v1/chat/completions' || path === '/v1/completions') {
      const isChat = path === '/v1/chat/completions';
      const part = (piece: string) => (isChat ? { delta: { content: piece } } : { text: piece });
      if (stream === true) openai(response, model, part, options !== undefined);
      else {
        const content = isChat ? { message: { role: 'assistant', content: 'abc' } } : { text: 'abc' };
        json(response, 200, { model, usage: USAGE, choices: [{ index: 0, finish_reason: 'stop', ...content }] });
      }
    } else if (path === '/api/generate' || path === '/api/chat') {
      const part = (piece: string) =>
        path === '/api/chat' ? { message: { role: 'assistant', content: piece } } : { response: piece };
      if (stream === false) json(response, 200, { model, ...part('abc'), ...COUNTS });
      else ollama(response, model, part);
    } else json(response, 404, { detail: 'Not Found' });
  }
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

type Part = (piece: string) => object;

function openai(response: ServerResponse, model: unknown, part: Part, withUsage: boolean): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (choices: unknown[], more: object = {}) =>
    response.write(`data: ${JSON.stringify({ model, choices, ...more })}\n\n`);
  for (const piece of PIECES) send([{ index: 0, ...part(piece), finish_reason: null }]);
  send([{ index: 0, ...part(''), finish_reason: 'stop' }]);
  if (withUsage) send([], { usage: USAGE });
  response.end('data: [DONE]\n\n');
}

function ollama(response: ServerResponse, model: unknown, part: Part): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (const piece of PIECES) response.write(`${JSON.stringify({ model, ...part(piece), done: false })}\n`);
  response.end(`${JSON.stringify({ model, ...part(''), ...COUNTS })}\n`);
}
