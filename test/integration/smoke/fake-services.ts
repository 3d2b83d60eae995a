import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface FakeService {
  readonly base: string;
  close(): Promise<void>;
}

/** What a fake answers: a status and a body (text as it is, anything else as JSON), or `hang up`, or `never`. */
type FakeAnswer = readonly [status: number, body: unknown] | 'hang up' | 'never';

/** `POST /invoke` -> answer; the request's parsed prompt is undefined where there is none. */
export type FakeRoutes = Readonly<Record<string, (prompt: string | undefined, call: number) => FakeAnswer>>;

const DETAIL = 'prompt must be at least 1000 characters';

/** A real HTTP server that keeps the contract, except where `overrides` makes it misbehave. */
export async function startFake(routes: FakeRoutes): Promise<FakeService> {
  const calls = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const key = `${incoming.method} ${incoming.url}`;
    const call = (calls.get(key) ?? 0) + 1;
    calls.set(key, call);
    const prompt = await readPrompt(incoming);
    send(outgoing, routes[key]?.(prompt, call) ?? [404, { detail: 'Not Found' }]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    base: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readPrompt(incoming: IncomingMessage): Promise<string | undefined> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  try {
    return text === '' ? undefined : (JSON.parse(text).prompt ?? undefined);
  } catch {
    return 'malformed';
  }
}

function send(outgoing: ServerResponse, answer: FakeAnswer): void {
  if (answer === 'never') return;
  if (answer === 'hang up') {
    outgoing.destroy();
    return;
  }
  const [status, body] = answer;
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const refusing =
  (accept: () => FakeAnswer) =>
  (prompt: string | undefined): FakeAnswer =>
    prompt === undefined || [...prompt].length < 1000 ? [400, { detail: DETAIL }] : accept();

export const bAnswer = {
  service: 'b',
  model: 'm',
  llm_text: 'text',
  timing: { ollama_seconds: 0, total_seconds: 0 },
  host: 'host-1',
};

export const aAnswer = {
  service: 'a',
  model_a: 'm',
  remote_b_url: 'http://b/invoke',
  a_summary: 'summary',
  b_result: bAnswer,
  timing: { a_local_seconds: 0, b_remote_seconds: 0, end_to_end_seconds: 0 },
};

export const goodB: FakeRoutes = {
  'GET /health': () => [200, { ok: true, service: 'b', host: 'host-1' }],
  'GET /invoke': () => [405, { detail: 'Method Not Allowed' }],
  'POST /invoke': refusing(() => [200, bAnswer]),
};

export const goodA: FakeRoutes = {
  'GET /health': () => [200, { ok: true, service: 'a', remote_b: 'http://127.0.0.1:9/invoke', model_a: 'm' }],
  'GET /chain': () => [405, { detail: 'Method Not Allowed' }],
  'POST /chain': refusing(() => [200, aAnswer]),
};
