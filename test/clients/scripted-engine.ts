import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an engine does for who asks for the model of this name. */
type Script = (response: ServerResponse, asked: Asked) => void;

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

const PIECES = ['Eleven', ' trains', ' waited.'];
const USAGE = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

/** Its models; each but `fine` and `tools` fails in its own way. What it says of a failure is what a client has to show. */
const MODELS: Readonly<Record<string, Script>> = {
  fine: whole(
    { content: PIECES.join('') },
    PIECES.map((content) => ({ content })),
  ),
  tools(response, asked) {
    const [tool] = asked.tools ?? [];
    if (tool === undefined) return MODELS.fine?.(response, asked);
    const call = {
      id: 'call_1',
      type: 'function',
      function: { name: tool.function.name, arguments: '{"city":"Bern"}' },
    };
    const message = { content: null, tool_calls: [call] };
    return whole(message, [{ tool_calls: [{ index: 0, ...call }] }], 'tool_calls')(response, asked);
  },
  'too-long': refuse(400, 'the prompt of 5000 tokens exceeds the context length of 4096'),
  limited: refuse(429, 'slow down, please'),
  crashed: refuse(500, 'the model runner has crashed'),
  away: refuse(503, 'the model is on holiday'),
  silent: () => {},
  cut: begun((response) => response.socket?.resetAndDestroy()),
  early: begun((response) => response.end()),
  reports: begun((response) => response.end('data: {"error":{"message":"out of memory on layer 7"}}\n\n')),
  garbage: begun((response) => response.end('data: {"choices":[{"delta\n\n')),
  stuck: begun(() => {}),
  /** A token now and then, until it is left. */
  endless: begun((response, model) => {
    const timer = setInterval(() => response.write(chunk(model, { content: '.' })), 50);
    response.once('close', () => clearInterval(timer));
  }),
};

/** A server with OpenAI's API on loopback whose models fail as they are called. */
export class ScriptedEngine {
  readonly #asked = new Map<string, number>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async open(): Promise<ScriptedEngine> {
    const engine = new ScriptedEngine();
    engine.#server.listen(0, '127.0.0.1');
    await once(engine.#server, 'listening');
    return engine;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many generations of a model were begun. */
  generations(model: string): number {
    return this.#asked.get(model) ?? 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    if (request.url === '/health') return json(response, 200, { status: 'ok' });
    if (request.url === '/v1/models') {
      const data = Object.keys(MODELS).map((id) => ({ id, object: 'model', created: 1, owned_by: 'scripted' }));
      return json(response, 200, { object: 'list', data });
    }
    const asked = (text === '' ? {} : JSON.parse(text)) as Asked & {
      readonly input?: string | readonly string[];
      readonly encoding_format?: string;
    };
    this.#asked.set(asked.model, this.generations(asked.model) + 1);
    if (request.url === '/v1/chat/completions') return MODELS[asked.model]?.(response, asked);
    if (request.url !== '/v1/embeddings') return json(response, 404, { error: { message: 'no such route' } });
    const data = [asked.input ?? []].flat().map((_, index) => {
      const vector = [0.5, -0.25, index];
      const bytes = Buffer.from(Float32Array.from(vector).buffer);
      const embedding = asked.encoding_format === 'base64' ? bytes.toString('base64') : vector;
      return { object: 'embedding', index, embedding };
    });
    return json(response, 200, {
      object: 'list',
      data,
      model: asked.model,
      usage: { prompt_tokens: 2, total_tokens: 2 },
    });
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(status: number, message: string): Script {
  return (response) => json(response, status, { error: { message, type: 'server_error', code: null, param: null } });
}

function chunk(model: string, delta: object, more: object = {}, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model, choices, ...more })}\n\n`;
}

function open(response: ServerResponse, model: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk(model, { role: 'assistant', content: '' }));
}

/** A complete answer, in one piece or as these deltas. */
function whole(message: object, deltas: readonly object[], finish = 'stop'): Script {
  return (response, { model, stream = false }) => {
    if (!stream) {
      const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }];
      return json(response, 200, { id: 'x', object: 'chat.completion', created: 1, model, choices, usage: USAGE });
    }
    open(response, model);
    for (const delta of deltas) response.write(chunk(model, delta));
    response.write(chunk(model, {}, {}, finish));
    response.end(`data: ${JSON.stringify({ id: 'x', model, choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`);
  };
}

/** Two tokens, and then something. */
function begun(then: (response: ServerResponse, model: string) => void): Script {
  return (response, { model }) => {
    open(response, model);
    response.write(chunk(model, { content: 'Eleven' }));
    // What was written has to be on its way before the connection breaks.
    response.write(chunk(model, { content: ' trains' }), () => setTimeout(() => then(response, model), 50));
  };
}
