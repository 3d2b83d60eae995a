import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readCors } from '../../templates/services/common/api/cors.ts';
import { Router } from '../../templates/services/common/api/router.ts';
import { Env } from '../../templates/services/common/env.ts';
import { readCommonSettings } from '../../templates/services/common/service-settings.ts';
import { readHistorySettings } from '../../templates/services/service-a/history/settings.ts';
import { createSideRoutes } from '../../templates/services/service-a/page/side-routes.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies of requests, of many shapes
type Json = any;

/** One chat that has been asked for, to be answered by the test piece by piece. */
interface AskedChat {
  readonly body: Json;
  readonly headers: IncomingMessage['headers'];
  /** Content, as it comes from a model. */
  say(text: string): void;
  /** A step of the chain begins, or with `seconds` has ended. */
  step(step: { readonly name: string; readonly seconds?: number; readonly output_tokens?: number }): void;
  /** The clean end, with the times of both hops. */
  end(finish?: string): void;
  /** A failure in the midst of the stream: an error event and a broken end. */
  fail(message: string): void;
  /** The connection breaks and nothing is said. */
  cut(): void;
  /** A status other than 200. */
  refuse(status: number, message: string): void;
  /** True once the reader has left before the end. */
  readonly left: boolean;
}

export interface ChatServer {
  readonly url: string;
  readonly warnings: readonly string[];
  /** The next chat that nobody has taken yet. */
  next(): Promise<AskedChat>;
  readonly chats: readonly AskedChat[];
  close(): Promise<void>;
}

/**
 * Service A's page and history, with chats that the test answers itself: in any order, at any pace, with any fault. The
 * whole chain is in `service-a-page.test.ts`.
 */
export async function startChatServer(
  env: Readonly<Record<string, string>>,
  { port = 0, token }: { readonly port?: number; readonly token?: string } = {},
): Promise<ChatServer> {
  const warnings: string[] = [];
  const source = new Env({ LOG_PATH: 'none', ...(token && { AUTH_TOKEN: token }), ...env });
  const settings = readCommonSettings(source, { minProcessSeconds: 0 });
  const side = createSideRoutes(
    readHistorySettings(source, settings.logPath),
    settings,
    (line) => warnings.push(line),
    async () => true,
  );
  const router = new Router({ routes: side.routes, auth: settings.auth, cors: readCors(source), warn: () => {} });
  const chats: AskedChat[] = [];
  const waiting: ((chat: AskedChat) => void)[] = [];
  let taken = 0;
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (side.answer(incoming, outgoing)) return;
    if (incoming.url?.startsWith('/v1/conversations')) {
      router.listener(incoming, outgoing);
      return;
    }
    const refusal = settings.auth.refusal(incoming.headers.authorization);
    if (refusal) {
      respond(outgoing, 401, { error: { message: refusal.message, code: 'invalid_api_key' }, detail: refusal.message });
    } else if (incoming.url === '/health') respond(outgoing, 200, { simulated: true });
    else if (incoming.url === '/v1/models') {
      respond(outgoing, 200, { object: 'list', data: [{ id: 'chain' }, { id: 'tinyllama:latest' }] });
    } else if (incoming.url === '/v1/chat/completions') {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const chat = askedChat(JSON.parse(Buffer.concat(chunks).toString()), incoming, outgoing);
      chats.push(chat);
      const next = waiting.shift();
      if (next) {
        taken++;
        next(chat);
      }
    } else respond(outgoing, 404, { detail: 'Not Found' });
  };
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    warnings,
    chats,
    next() {
      const chat = chats[taken];
      if (chat === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return Promise.resolve(chat);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await side.close();
    },
  };
}

function respond(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify(body));
}

const CHAINCTL = {
  host: 'b-1',
  first_token_seconds: 0.41,
  total_seconds: 1.92,
  simulated: true,
  steps: [
    { name: 'a', model: 'tinyllama', host: 'a-0', seconds: 0.4, output_tokens: 20, text: '- three\n- short\n- points' },
    { name: 'b', model: 'phi3:mini', host: 'b-1', seconds: 1.5, first_token_seconds: 0.2, output_tokens: 40 },
  ],
};

function askedChat(body: Json, { headers }: IncomingMessage, outgoing: ServerResponse): AskedChat {
  const event = (fields: object) =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: body.model, ...fields })}\n\n`;
  const choice = (delta: object, finish: string | null = null) => ({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
  const write = (text: string) => {
    if (!outgoing.headersSent) {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
      outgoing.write(event(choice({ role: 'assistant', content: '' })));
    }
    outgoing.write(text);
  };
  let left = false;
  outgoing.once('close', () => {
    left = !outgoing.writableFinished;
  });
  return {
    body,
    headers,
    get left() {
      return left;
    },
    say: (text) => write(event(choice({ content: text }))),
    step: (step) => write(event({ choices: [], step })),
    end(finish = 'stop') {
      write(event({ ...choice({}, finish), chainctl: CHAINCTL }));
      outgoing.end('data: [DONE]\n\n');
    },
    fail(message) {
      write(`data: ${JSON.stringify({ error: { message, type: 'server_error', code: 'engine_error' } })}\n\n`);
      // Once it is on its way.
      setImmediate(() => outgoing.socket?.end());
    },
    cut: () => void outgoing.socket?.destroy(),
    refuse: (status, message) => respond(outgoing, status, { error: { message, code: null }, detail: message }),
  };
}
