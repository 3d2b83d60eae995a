import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createLab, expectEngine, expectHealth, type Json, LONG_PROMPT, type Program, post, request } from './lab.ts';
import { eventsOf, linesOf, rawPost } from './raw-stream.ts';

const lab = createLab();
const CHAT = '/v1/chat/completions';
const MESSAGES = [{ role: 'user', content: 'Hello!' }];
const STREAM = { messages: MESSAGES, stream: true, max_tokens: 20 };
/** Two tokens a second: nothing ends by itself while a test looks. */
const SLOW = { SIM_OUTPUT_TOKENS_PER_SECOND: '2', OLLAMA_NUM_PARALLEL: '4' };

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Sends a request over a connection of its own, which the test reads. */
function open(program: Program, path: string, body: Json): { socket: Socket; text: () => string; end: () => string } {
  const socket = connect(program.port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  let end = '';
  socket.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  socket.on('end', () => {
    end ||= 'FIN';
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end ||= String(error.code);
  });
  const json = JSON.stringify(body);
  socket.write(`POST ${path} HTTP/1.1\r\nhost: b\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
  return { socket, text: () => text, end: () => end };
}

describe('an engine that fails in the middle of an answer', () => {
  const faults: readonly [string, Json, RegExp][] = [
    ['cut', {}, /^ollama error: /],
    ['end-early', {}, /^ollama error: ended its answer before the last event$/],
    ['bad-line', {}, /^ollama error: sent something that is not JSON/],
    ['fail', {}, /^ollama error: an error was encountered while running the model/],
    ['stall', { OLLAMA_TIMEOUT_SECONDS: '0.5' }, /^ollama error: nothing more within 0.5 s$/],
  ];
  test.each(faults)('%s: an event with the reason and a broken end, in each form', async (mode, settings, reason) => {
    const engine = await lab.engine();
    const b = await lab.b(engine.url, settings);
    await expectHealth(b, 200, { ok: true });
    await post(`${engine.url}/sim/faults`, { mode, after: 2 });
    const chat = await rawPost(`${b.url}${CHAT}`, STREAM);
    expect([chat.status, chat.end]).toEqual([200, 'broken']);
    const events = eventsOf(chat);
    expect(events.at(-1)).toEqual({
      error: {
        message: expect.stringMatching(reason),
        type: 'server_error',
        param: null,
        code: mode === 'stall' ? 'timeout' : 'engine_error',
      },
      detail: expect.stringMatching(reason),
    });
    const tokens = events.filter((event) => event.choices?.[0]?.delta?.content);
    expect(tokens.length).toBeGreaterThan(0);
    const ollama = await rawPost(`${b.url}/api/chat`, STREAM);
    expect([ollama.end, linesOf(ollama).at(-1)]).toEqual([
      'broken',
      { error: expect.any(String), detail: expect.any(String) },
    ]);
    const invoke = await rawPost(`${b.url}/invoke`, { prompt: LONG_PROMPT, stream: true });
    expect([invoke.end, linesOf(invoke).at(-1)]).toEqual([
      'broken',
      {
        error: expect.stringMatching(reason),
        detail: expect.stringMatching(reason),
        hop: 'b',
        status: mode === 'stall' ? 504 : 502,
      },
    ]);
    // Not streamed, the same failure is a status, and says that it is of no use to ask again.
    const whole = await post(`${b.url}${CHAT}`, { messages: MESSAGES });
    expect(whole).toMatchObject({
      status: mode === 'stall' ? 504 : 502,
      body: { detail: expect.stringMatching(reason) },
    });
    expect(whole.headers.get('x-should-retry')).toBe('false');
    await expectHealth(b, 200, { working: 0 });
  });
});

test('what fails before the first token keeps its status', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  await post(`${engine.url}/sim/faults`, { mode: 'error' });
  const stream = await rawPost(`${b.url}${CHAT}`, STREAM);
  expect([stream.status, stream.end, stream.headers['content-type']]).toEqual([502, 'clean', 'application/json']);
  expect((await rawPost(`${b.url}/invoke`, { prompt: LONG_PROMPT, stream: true })).status).toBe(502);
});

test('the head waits for the first token, but not longer than for a sign of life', async () => {
  const engine = await lab.engine({ ...SLOW, SIM_PROMPT_TOKENS_PER_SECOND: '0.5' });
  const b = await lab.b(engine.url, { SSE_PING_SECONDS: '0.2', MAX_CONCURRENCY: '4' });
  const chat = open(b, CHAT, STREAM);
  await expect.poll(chat.text).toContain('"role":"assistant"');
  expect(chat.text()).not.toContain(': ping');
  await expect.poll(chat.text).toContain(': ping\n\n');
  const ollama = open(b, '/api/chat', STREAM);
  await expect.poll(ollama.text).toContain('"message":{"role":"assistant","content":""},"done":false}');
  const invoke = open(b, '/invoke', { prompt: LONG_PROMPT, stream: true });
  await expect.poll(invoke.text).toContain('{"hop":"b","token":""}');
});

test.each([CHAT, '/api/chat'])('a reader of %s that leaves ends the generation in the engine', async (path) => {
  const engine = await lab.engine(SLOW);
  const b = await lab.b(engine.url);
  const chat = open(b, path, STREAM);
  await expect.poll(chat.text).toContain('HTTP/1.1 200');
  chat.socket.destroy();
  await expectEngine(engine, { active: 0, cancelled: 1 });
  await expectHealth(b, 200, { working: 0, in_flight: 1 });
});

test('a reader of one byte a time slows its own stream, not another one', async () => {
  const engine = await lab.engine({ OLLAMA_NUM_PARALLEL: '2' });
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '2', CHAT_NUM_CTX: '200000' });
  const slow = open(b, CHAT, { ...STREAM, max_tokens: 60_000 });
  slow.socket.pause();
  const drip = setInterval(() => slow.socket.read(1), 1000);
  await expectHealth(b, 200, { working: 1 });
  // More than the sockets between them hold: the engine is not read any more, and cannot end.
  for (let round = 0; round < 3; round++) {
    const fast = await rawPost(`${b.url}${CHAT}`, { ...STREAM, max_tokens: 500 });
    expect([fast.end, eventsOf(fast).at(-1)]).toEqual(['clean', '[DONE]']);
  }
  await expectHealth(b, 200, { working: 1 });
  clearInterval(drip);
  slow.socket.resume();
  await expect.poll(slow.text).toContain('data: [DONE]');
  await expectEngine(engine, { active: 0, cancelled: 0 });
});

test('a chat that takes too long as a whole, or longer than its caller waits, is broken off there', async () => {
  const engine = await lab.engine(SLOW);
  const b = await lab.b(engine.url, { CHAT_TIMEOUT_SECONDS: '1', MAX_CONCURRENCY: '4' });
  const late = await rawPost(`${b.url}${CHAT}`, STREAM);
  expect([late.end, eventsOf(late).at(-1)]).toMatchObject(['broken', { error: { code: 'timeout' } }]);
  const passed = await rawPost(`${b.url}${CHAT}`, STREAM, { 'x-request-timeout-ms': '700' });
  expect([passed.end, eventsOf(passed).at(-1)]).toMatchObject(['broken', { error: { code: 'deadline_exceeded' } }]);
  const whole = await post(`${b.url}${CHAT}`, { messages: MESSAGES });
  expect(whole).toMatchObject({ status: 504, body: { error: { code: 'timeout' } } });
  await expectEngine(engine, { active: 0 });
});

test('admission refuses a stream before its head', async () => {
  const engine = await lab.engine(SLOW);
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '1', MAX_QUEUE: '0' });
  const first = open(b, CHAT, STREAM);
  await expect.poll(first.text).toContain('HTTP/1.1 200');
  const refused = await rawPost(`${b.url}${CHAT}`, STREAM);
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'overloaded' } });
  expect((await request(`${b.url}/v1/statistics`)).body.b).toMatchObject({ in_flight: 1 });
});

test('SIGTERM: a stream that can end in time ends as it should', async () => {
  const engine = await lab.engine({ SIM_OUTPUT_TOKENS_PER_SECOND: '20' });
  const b = await lab.b(engine.url);
  const chat = open(b, CHAT, { ...STREAM, max_tokens: 100 });
  await expect.poll(chat.text).toContain('HTTP/1.1 200');
  b.signal('SIGTERM');
  await expectHealth(b, 503, { ok: false, status: 'unhealthy', reason: 'draining' });
  expect((await request(`${b.url}/live`)).status).toBe(200);
  expect(await rawPost(`${b.url}${CHAT}`, STREAM)).toMatchObject({
    status: 503,
    headers: { 'x-chainctl-refused': 'draining', 'retry-after': '1' },
  });
  expect(await b.exited).toBe(0);
  expect(chat.text()).toMatch(/data: \[DONE\]\n\n\r\n0\r\n\r\n$/);
});

test('SIGTERM: one that cannot is told so, and broken', async () => {
  const engine = await lab.engine(SLOW);
  const b = await lab.b(engine.url, { DRAIN_SECONDS: '0.3' });
  const chat = open(b, CHAT, STREAM);
  await expect.poll(chat.text).toContain('HTTP/1.1 200');
  b.signal('SIGTERM');
  expect(await b.exited).toBe(0);
  expect(chat.end()).toBe('FIN');
  expect(chat.text()).toMatch(/"code":"draining"\},"detail":"draining: [^\n]*"\}\n\n\r\n$/);
  await expectEngine(engine, { active: 0 });
});

test('the proxy passes a stream on as it comes, its broken end too, and fails in the form of the path', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  const proxy = await lab.proxy([b]);
  await expectHealth(proxy, 200, { ok: true });
  const whole = await rawPost(`${proxy.url}${CHAT}`, STREAM);
  expect([whole.end, eventsOf(whole).at(-1), whole.headers['x-chainctl-backend']]).toEqual(['clean', '[DONE]', 'b1']);
  await post(`${engine.url}/sim/faults`, { mode: 'cut', after: 2 });
  const broken = await rawPost(`${proxy.url}${CHAT}`, STREAM);
  expect(broken.end).not.toBe('clean');
  expect(eventsOf(broken).at(-1)).toMatchObject({ error: { code: 'engine_error' } });
  b.signal('SIGKILL');
  await b.exited;
  const refused = await post(`${proxy.url}${CHAT}`, STREAM);
  expect(refused).toMatchObject({ status: 503, body: { error: { type: 'server_error', code: 'engine_unavailable' } } });
  expect(refused.body.detail).toMatch(/^no healthy backend/);
  expect((await post(`${proxy.url}/invoke`, {})).body).toEqual({ detail: refused.body.detail });
});
