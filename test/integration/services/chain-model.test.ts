import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, expectEngine, expectHealth, type Json, post, request } from './lab.ts';
import { eventsOf, rawPost } from './raw-stream.ts';

const lab = createLab();
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello!' },
];

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

interface Asked {
  readonly url: string;
  readonly headers: Json;
  readonly body: Json;
}

/** A B that the test plays itself; keeps the chats that it is asked. */
async function play(answer: RequestListener): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const bytes of incoming) text += bytes;
    if (incoming.method === 'POST') {
      asked.push({ url: incoming.url ?? '', headers: incoming.headers, body: JSON.parse(text) });
    }
    answer(incoming, outgoing);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const event = (data: Json) => `data: ${JSON.stringify(data)}\n\n`;
const piece = (delta: Json, finish: string | null = null) =>
  event({
    id: 'c',
    object: 'chat.completion.chunk',
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });

async function startChain(settings: Json = {}) {
  const engineA = await lab.engine();
  const engineB = await lab.engine();
  const b = await lab.b(engineB.url);
  return { engineA, engineB, b, a: await lab.a(engineA.url, b.url, { SERVICE_HOST: 'a-1', ...settings }) };
}

test('a chat runs the graph: the leaf’s text, what each step took, tokens of the leaf and of all', async () => {
  const { a, b } = await startChain();
  const { status, body } = await post(`${a.url}/v1/chat/completions`, { messages: MESSAGES, max_tokens: 7 });
  expect(status).toBe(200);
  const { steps } = body.chainctl;
  expect(body).toMatchObject({
    model: 'chain',
    choices: [
      { index: 0, message: { role: 'assistant', content: expect.stringMatching(/\w/) }, finish_reason: 'length' },
    ],
    usage: { completion_tokens: 7 },
    chainctl: { host: 'b-1', simulated: true },
  });
  expect(steps).toMatchObject([
    { name: 'a', model: 'tinyllama', output_tokens: 20, attempts: 1, text: expect.stringMatching(/\w/) },
    { name: 'b', model: 'phi3:mini', host: 'b-1', output_tokens: 7, address: `${b.url}/v1/chat/completions` },
  ]);
  expect(steps[1]).not.toHaveProperty('text');
  expect(body.chainctl.usage).toEqual({
    prompt_tokens: steps[0].input_tokens + body.usage.prompt_tokens,
    completion_tokens: 27,
    total_tokens: steps[0].input_tokens + body.usage.prompt_tokens + 27,
  });
  expect(body.chainctl.first_token_seconds).toBeGreaterThan(0);
});

test('streamed: the leaf’s pieces alone, and the whole with the end', async () => {
  const { a } = await startChain();
  const stream = await rawPost(`${a.url}/v1/chat/completions`, {
    model: 'chain',
    messages: MESSAGES,
    max_tokens: 9,
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(stream).toMatchObject({ status: 200, end: 'clean' });
  const events = eventsOf(stream);
  expect(events.at(-1)).toBe('[DONE]');
  expect(events.at(-2)).toMatchObject({ choices: [], usage: { completion_tokens: 9 } });
  expect(events.at(-3)).toMatchObject({
    choices: [{ delta: {}, finish_reason: 'length' }],
    chainctl: { host: 'b-1', steps: [{ name: 'a' }, { name: 'b' }] },
  });
  const text = events
    .slice(1, -3)
    .map(({ choices }: Json) => choices[0].delta.content)
    .join('');
  expect(text.split(' ')).toHaveLength(9);
});

test('the conversation, its limits, tools and sampling go to B as they came, and nothing of them to A’s own step', async () => {
  const engine = await lab.engine();
  const { url, asked } = await play((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } };
    outgoing.end(`${piece({ tool_calls: [call] })}${piece({}, 'tool_calls')}data: [DONE]\n\n`);
  });
  const a = await lab.a(engine.url, url, { AUTH_TOKEN: 'a-token-of-sixteen-characters', REMOTE_B_MODEL: 'm:7b' });
  const messages = [...MESSAGES, { role: 'assistant', content: 'Hi' }, { role: 'user', content: 'What time is it?' }];
  const tools = [{ type: 'function', function: { name: 'now', parameters: { type: 'object' } } }];
  const { status, body } = await post(
    `${a.url}/v1/chat/completions`,
    { messages, tools, temperature: 0, seed: 0, stop: 'END', max_tokens: 3 },
    {
      headers: {
        authorization: 'Bearer a-token-of-sixteen-characters',
        'x-request-id': 'r-7',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'x-request-timeout-ms': '30000',
      },
    },
  );
  expect(status).toBe(200);
  expect(body.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { content: null, tool_calls: [{ id: 'call_1', function: { name: 'now', arguments: '{}' } }] },
  });
  const [chat] = asked;
  expect(chat?.url).toBe('/v1/chat/completions');
  expect(chat?.body).toMatchObject({
    model: 'm:7b',
    messages,
    tools,
    temperature: 0,
    seed: 0,
    stop: ['END'],
    max_tokens: 3,
  });
  expect(chat?.headers).toMatchObject({
    authorization: 'Bearer a-token-of-sixteen-characters',
    'x-request-id': 'r-7',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  expect(Number(chat?.headers['x-request-timeout-ms'])).toBeLessThanOrEqual(30_000);
});

test('chats at an address of their own; without a model none is named', async () => {
  const engine = await lab.engine();
  const { url, asked } = await play((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.end(`${piece({ content: 'yes' })}${piece({}, 'stop')}data: [DONE]\n\n`);
  });
  const a = await lab.a(engine.url, 'http://127.0.0.1:1', { REMOTE_B_CHAT_URL: `${url}/openai/chat` });
  const { body } = await post(`${a.url}/v1/chat/completions`, { messages: MESSAGES });
  expect(body.choices[0].message.content).toBe('yes');
  expect(asked[0]?.url).toBe('/openai/chat');
  expect(asked[0]?.body).not.toHaveProperty('model');
});

test.each([
  [404, '{"detail":"Not Found"}', 502, 'remote(B) error: has no /v1/chat/completions', 'upstream_error'],
  [405, '{"detail":"Method Not Allowed"}', 502, 'remote(B) error: has no /v1/chat/completions', 'upstream_error'],
  [
    404,
    '{"error":{"message":"no model x","code":"model_not_found"}}',
    502,
    'remote(B) error: no model x',
    'upstream_error',
  ],
  [500, '{"error":{"message":"out\\nof memory"}}', 502, 'remote(B) error: out of memory', 'upstream_error'],
  [504, '{"error":{"message":"slow","code":"timeout"}}', 504, 'remote(B) error: slow', 'timeout'],
  [
    400,
    '{"error":{"message":"too long","code":"context_length_exceeded"}}',
    400,
    'too long',
    'context_length_exceeded',
  ],
])('B answers a chat with %i %s', async (theirs, text, status, message, code) => {
  const engine = await lab.engine();
  const b = await play((_incoming, outgoing) => {
    outgoing.writeHead(theirs, { 'content-type': 'application/json' }).end(text);
  });
  const a = await lab.a(engine.url, b.url);
  const reply = await post(`${a.url}/v1/chat/completions`, { messages: MESSAGES });
  expect(reply).toMatchObject({ status, body: { detail: message, error: { message, code } } });
  expect(reply.headers.get('x-should-retry')).toBe(status === 400 ? null : 'false');
});

test.each([
  [`${piece({ content: 'half' })}data: {"error":{"message":"it broke","code":"engine_error"}}\n\n`, 'it broke'],
  [`${piece({ content: 'half' })}data: nonsense\n\n`, 'sent something that is not JSON: nonsense'],
  [piece({ content: 'half' }), 'ended its answer before the last event'],
])('B’s chat fails in mid-stream: an event with the reason, and a broken end', async (text, why) => {
  const engine = await lab.engine();
  const b = await play((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    const [first = '', ...rest] = text.split('\n\n');
    outgoing.write(`${first}\n\n`);
    // A read of its own: what comes with a fault is told as a fault.
    setTimeout(() => outgoing.end(rest.map((each) => `${each}\n\n`).join('')), 300);
  });
  const a = await lab.a(engine.url, b.url);
  const stream = await rawPost(`${a.url}/v1/chat/completions`, { messages: MESSAGES, stream: true });
  expect(stream).toMatchObject({ status: 200, end: 'broken' });
  const events = eventsOf(stream);
  expect(events).not.toContain('[DONE]');
  expect(events.at(-1)).toMatchObject({
    error: { message: `remote(B) error: ${why}`, code: 'upstream_error' },
    detail: `remote(B) error: ${why}`,
  });
});

test('a reader who leaves a chat ends the generation in B’s engine', async () => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(60_000, 1));
  const b = await lab.b(engineB.url);
  const a = await lab.a(engineA.url, b.url);
  const caller = new AbortController();
  const body = JSON.stringify({ messages: MESSAGES, stream: true });
  const answer = await fetch(`${a.url}/v1/chat/completions`, { method: 'POST', body, signal: caller.signal });
  await answer.body?.getReader().read();
  caller.abort();
  await expectEngine(engineB, { active: 0, cancelled: 1 });
  await expectHealth(a, 200, { working: 0, remote: { begun: 0 } });
});

test('lists chain first, and counts its runs, its steps, and what the engine is asked for itself', async () => {
  const { a } = await startChain();
  expect((await request(`${a.url}/v1/models`)).body.data.map(({ id }: Json) => id)).toEqual([
    'chain',
    'tinyllama',
    'phi3:mini',
  ]);
  await post(`${a.url}/v1/chat/completions`, { messages: MESSAGES });
  await post(`${a.url}/v1/chat/completions`, { model: 'tinyllama', messages: MESSAGES });
  const { body } = await request(`${a.url}/v1/statistics`);
  expect(Object.keys(body)).toEqual(['chain', 'a', 'b', 'direct']);
  for (const each of Object.values(body))
    expect(each).toMatchObject({ requests: 1, errors: 0, in_flight: 0, samples: 1 });
  expect(body.chain.output_tokens).toBe(body.a.output_tokens + body.b.output_tokens);
});

test('health says what a scheduler and a person want to know of it', async () => {
  const { a } = await startChain({ MIN_PROCESS_SECONDS: '2', REMOTE_B_PROBE_SECONDS: '0.1' });
  await expectHealth(a, 200, { status: 'healthy', engine: 'ollama', min_process_seconds: 2, remote_b_up: true });
  expect(await request(`${a.url}/ready`)).toMatchObject({ status: 200, body: { status: 'ready' } });
  const lonely = await lab.a('http://127.0.0.1:1', 'http://127.0.0.1:1', { REMOTE_B_PROBE_SECONDS: '0' });
  await expectHealth(lonely, 200, { ok: true, ready: false, status: 'unhealthy', remote_b_up: null });
  expect(await request(`${lonely.url}/ready`)).toMatchObject({ status: 503, body: { status: 'not ready' } });
});

test('an engine that is away has begun nothing: a chat says so as one with the model itself does, and so does the list', async () => {
  const { a, engineA } = await startChain();
  engineA.signal('SIGKILL');
  await engineA.exited;
  for (const stream of [false, true]) {
    const reply = await post(`${a.url}/v1/chat/completions`, { model: 'chain', messages: MESSAGES, stream });
    expect(reply).toMatchObject({ status: 503, body: { error: { code: 'engine_unavailable' } } });
    expect(reply.headers.get('retry-after')).toBe('5');
    expect(reply.headers.get('x-should-retry')).toBeNull();
  }
  const list = await request(`${a.url}/v1/models`);
  expect(list).toMatchObject({ status: 503, body: { error: { code: 'engine_unavailable' } } });
  const prompt = 'word '.repeat(300);
  expect(await post(`${a.url}/chain`, { prompt })).toMatchObject({ status: 502 });
});

test('a B that is away is a 502: A’s model has worked', async () => {
  const { a, b } = await startChain();
  b.signal('SIGKILL');
  await b.exited;
  const reply = await post(`${a.url}/v1/chat/completions`, { model: 'chain', messages: MESSAGES });
  expect(reply.status).toBe(502);
  expect(reply.headers.get('x-should-retry')).toBe('false');
});
