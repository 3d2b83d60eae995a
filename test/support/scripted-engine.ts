import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EngineSettings } from '../../templates/services/common/engine/engine-settings.ts';
import { RequestScope } from '../../templates/services/common/request-scope.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON of many shapes
  readonly body: any;
}

type Script = (asked: Asked, response: ServerResponse) => void | Promise<void>;

/** An engine on loopback that does what a test says, and tells what it saw. */
export class ScriptedEngine {
  readonly asked: Asked[] = [];
  /** What happened, in its order: tests add their own lines. */
  readonly events: string[] = [];
  script: Script;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  private constructor(script: Script) {
    this.script = script;
  }

  static async open(script: Script): Promise<ScriptedEngine> {
    const opened = new ScriptedEngine(script);
    await new Promise<void>((resolve) => opened.#server.listen(0, '127.0.0.1', resolve));
    return opened;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method = '', url: path = '', headers } = request;
    const asked = { method, path, headers, body: text === '' ? undefined : JSON.parse(text) };
    this.asked.push(asked);
    response.once('close', () => {
      if (!response.writableFinished) this.events.push(`${path} was left`);
    });
    await this.script(asked, response);
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

/** Writes lines of JSON, as Ollama streams. */
export function lines(response: ServerResponse, ...values: readonly unknown[]): void {
  for (const value of values) response.write(`${JSON.stringify(value)}\n`);
}

/** Writes events, as OpenAI streams. */
export function events(response: ServerResponse, ...values: readonly unknown[]): void {
  if (!response.headersSent) response.setHeader('content-type', 'text/event-stream');
  for (const value of values) response.write(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
}

/** A chunk of a chat in OpenAI's form. */
export function chunk(delta: object, finish: string | null = null): object {
  return { id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] };
}

/** A request's scope without a request; its caller leaves by `cancel`. */
export function openScope(): RequestScope {
  return new RequestScope(new EventEmitter() as ServerResponse, undefined);
}

export function engineSettings(url: string, more: Partial<EngineSettings> = {}): EngineSettings {
  return {
    kind: 'ollama',
    url,
    headers: {},
    model: 'm',
    timeoutMs: 10_000,
    keepAlive: '30m',
    preload: true,
    pull: false,
    retries: { count: 3, delayMs: 5000 },
    exitWithout: false,
    listed: [],
    generate: { numPredict: 40, numCtx: 1024, temperature: 0.2 },
    chatNumCtx: 4096,
    digest: '',
    ...more,
  };
}
