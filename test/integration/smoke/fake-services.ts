import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface FakeService {
  readonly base: string;
  close(): Promise<void>;
}

/** What a fake answers: a status and a body (text as it is, anything else as JSON), or `hang up`, or `never`. */
type FakeAnswer = readonly [status: number, body: unknown] | 'hang up' | 'never';

/** `POST /invoke` -> answer; the request's parsed prompt is undefined where there is none. */
export type FakeRoutes = Readonly<
  Record<string, (prompt: string | undefined, call: number, body: Readonly<Record<string, unknown>>) => FakeAnswer>
>;

const DETAIL = 'prompt must be at least 1000 characters';

/** A real HTTP server that keeps the contract, except where `overrides` makes it misbehave. */
export async function startFake(routes: FakeRoutes): Promise<FakeService> {
  const calls = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const key = `${incoming.method} ${incoming.url}`;
    const call = (calls.get(key) ?? 0) + 1;
    calls.set(key, call);
    const body = await readBody(incoming);
    const prompt = typeof body === 'string' ? body : ((body?.prompt as string | null | undefined) ?? undefined);
    send(outgoing, routes[key]?.(prompt, call, typeof body === 'object' ? body : {}) ?? [404, { detail: 'Not Found' }]);
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

async function readBody(incoming: IncomingMessage): Promise<Record<string, unknown> | 'malformed' | undefined> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  try {
    return text === '' ? undefined : JSON.parse(text);
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

const refusal = (status: number, message: string, param: string, code: string | null = null): FakeAnswer => [
  status,
  { error: { message, type: 'invalid_request_error', param, code }, detail: message },
];

/** What a chat answers, but for what it has to refuse. */
export const chatAnswer = {
  ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
};

/** Events of a streamed chat, in their order. */
export const chatEvents: readonly object[] = [
  { delta: { role: 'assistant', content: '' }, finish_reason: null },
  { delta: { content: 'Hel' }, finish_reason: null },
  { delta: { content: 'lo.' }, finish_reason: null },
  { delta: {}, finish_reason: 'stop' },
].map((choice) => ({ id: 'chatcmpl-1', usage: null, choices: [{ index: 0, ...choice }] }));

const usageEvent = { id: 'chatcmpl-1', choices: [], usage: chatAnswer.usage };

export const sse = (events: readonly unknown[]): string =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');

export const wholeStream = sse([...chatEvents, usageEvent, '[DONE]']);

/** The API for chats as A and B have it. @param models that it lists */
export function goodPlatform(...models: readonly string[]): FakeRoutes {
  return {
    'GET /v1/models': () => [200, { object: 'list', data: models.map((id) => ({ id, object: 'model' })) }],
    'POST /v1/chat/completions': (_prompt, _call, { model, messages, max_tokens: most, stream }) => {
      if (model !== undefined) return refusal(404, `there is no model "${model}"`, 'model', 'model_not_found');
      if (!Array.isArray(messages) || messages.length === 0) return refusal(400, 'messages is empty', 'messages');
      if (typeof most !== 'number') return refusal(400, 'max_tokens is no integer', 'max_tokens');
      return stream === true ? [200, wholeStream] : [200, chatAnswer];
    },
  };
}

export const goodB: FakeRoutes = {
  'GET /health': () => [200, { ok: true, service: 'b', host: 'host-1' }],
  'GET /invoke': () => [405, { detail: 'Method Not Allowed' }],
  'POST /invoke': refusing(() => [200, bAnswer]),
  ...goodPlatform('m'),
};

export const goodA: FakeRoutes = {
  'GET /health': () => [200, { ok: true, service: 'a', remote_b: 'http://127.0.0.1:9/invoke', model_a: 'm' }],
  'GET /chain': () => [405, { detail: 'Method Not Allowed' }],
  'POST /chain': refusing(() => [200, aAnswer]),
  ...goodPlatform('chain', 'm'),
};
