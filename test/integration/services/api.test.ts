import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createLab, expectHealth, type Json, LONG_PROMPT, type Program, post, request } from './lab.ts';
import { eventsOf, linesOf, rawPost } from './raw-stream.ts';

const lab = createLab();
const HELLO = { messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 6 };
const CHAT = '/v1/chat/completions';

describe('B with an engine', () => {
  let engine: Program;
  let b: Program;
  let log: string;
  beforeEach(async () => {
    log = join(mkdtempSync(join(tmpdir(), 'chainctl-api-')), 'requests.jsonl');
    engine = await lab.engine();
    b = await lab.b(engine.url, { LOG_PATH: log, MIN_PROCESS_SECONDS: '60' });
    await expectHealth(b, 200, { ok: true, status: 'healthy', engine: 'ollama', min_process_seconds: 60 });
  });

  test('"Hello!" gets an answer, whole and streamed the same, without the minimum time', async () => {
    const whole = await post(`${b.url}${CHAT}`, HELLO, { headers: { 'x-request-id': 'my.id-1' } });
    expect(whole.status).toBe(200);
    expect(whole.headers.get('x-request-id')).toBe('my.id-1');
    expect(whole.body).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[A-Za-z0-9]{24}$/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'phi3:mini',
      choices: [{ index: 0, message: { role: 'assistant', refusal: null }, logprobs: null, finish_reason: 'length' }],
      usage: { completion_tokens: 6 },
      chainctl: { host: 'b-1', queue_seconds: 0, simulated: true },
    });
    const stream = await rawPost(`${b.url}${CHAT}`, {
      ...HELLO,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(stream).toMatchObject({
      status: 200,
      end: 'clean',
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-accel-buffering': 'no',
        'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
      },
    });
    const events = eventsOf(stream);
    expect(events.at(-1)).toBe('[DONE]');
    expect(events[0].choices[0].delta).toEqual({ role: 'assistant', content: '' });
    const text = events.map((event) => event.choices?.[0]?.delta?.content ?? '').join('');
    expect(text).toBe(whole.body.choices[0].message.content);
    expect(events.at(-2)).toMatchObject({ choices: [], usage: { completion_tokens: 6 } });
    expect(new Set(events.slice(0, -1).map(({ id, created }) => `${id} ${created}`)).size).toBe(1);
    await expect.poll(() => readFileSync(log, 'utf8').split('\n').length).toBe(3);
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ service: 'b', status: 200, route: CHAT, request_id: 'my.id-1' });
    expect(lines[0]).not.toHaveProperty('stream');
    expect(Object.keys(lines[1]).slice(-3)).toEqual(['ts', 'request_id', 'stream']);
  });

  test('Ollama’s form, completions, and embeddings', async () => {
    const options = { num_predict: 3 };
    const whole = await post(`${b.url}/api/chat`, { messages: HELLO.messages, options });
    expect(whole.body).toMatchObject({
      message: { role: 'assistant', content: expect.stringMatching(/\S/) },
      done: true,
      done_reason: 'length',
      eval_count: 3,
      host: 'b-1',
    });
    const lines = linesOf(await rawPost(`${b.url}/api/chat`, { messages: HELLO.messages, options, stream: true }));
    expect(
      lines
        .slice(0, -1)
        .map(({ message }) => message.content)
        .join(''),
    ).toBe(whole.body.message.content);
    expect(lines.at(-1)).toMatchObject({ done: true, message: { content: '' }, eval_count: 3 });

    const completion = await post(`${b.url}/v1/completions`, { prompt: ['Hello'] });
    expect(completion.body).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 16 } });
    const events = eventsOf(await rawPost(`${b.url}/v1/completions`, { prompt: 'Hello', max_tokens: 3, stream: true }));
    expect(events.at(-2).choices).toEqual([{ index: 0, text: '', logprobs: null, finish_reason: 'length' }]);

    const asFloats = await post(`${b.url}/v1/embeddings`, { input: ['one', 'two'] });
    expect(asFloats.body.data.map(({ index }: Json) => index)).toEqual([0, 1]);
    const asBytes = await post(`${b.url}/v1/embeddings`, { input: 'one', encoding_format: 'base64' });
    const bytes = Buffer.from(asBytes.body.data[0].embedding, 'base64');
    const [first] = asFloats.body.data[0].embedding;
    expect(bytes.readFloatLE(0)).toBeCloseTo(first, 5);
    expect(bytes.length).toBe(4 * asFloats.body.data[0].embedding.length);
  });

  test('/invoke streams pieces whose sum is the whole text, and its last line waits for the minimum', async () => {
    const quick = await lab.b(engine.url, { MIN_PROCESS_SECONDS: '0.3' });
    const startedAt = performance.now();
    const stream = await rawPost(`${quick.url}/invoke`, { prompt: LONG_PROMPT, stream: true });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300);
    expect(stream).toMatchObject({ status: 200, end: 'clean', headers: { 'content-type': 'application/x-ndjson' } });
    const lines = linesOf(stream);
    const last = lines.at(-1);
    expect(last).toMatchObject({ service: 'b', done: true, timing: { first_token_seconds: expect.any(Number) } });
    expect(
      lines
        .slice(0, -1)
        .map(({ token }) => token)
        .join(''),
    ).toBe(last.llm_text);
    expect(new Set(lines.slice(0, -1).map(({ hop }) => hop))).toEqual(new Set(['b']));
    for (const wrong of ['yes', 1, null]) {
      const detail = 'stream must be true or false';
      expect(await post(`${quick.url}/invoke`, { prompt: LONG_PROMPT, stream: wrong })).toMatchObject({
        status: 400,
        body: { detail },
      });
    }
  });

  test('lists models in each form, and finds one by its encoded name', async () => {
    const { body } = await request(`${b.url}/v1/models`);
    expect(body.data.map(({ id }: Json) => id)).toEqual(['phi3:mini', 'tinyllama:latest']);
    expect((await request(`${b.url}/models`)).body).toEqual(body);
    const tags = (await request(`${engine.url}/api/tags`)).body.models;
    expect((await request(`${b.url}/api/tags`)).body.models).toEqual(expect.arrayContaining(tags));
    expect((await request(`${b.url}/v1/models/phi3%3Amini`)).body).toEqual(body.data[0]);
    expect(await request(`${b.url}/v1/models/a/b%2Fc`)).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found', param: 'model' } },
    });
    expect((await request(`${b.url}/models.json`)).body.models[0]).toMatchObject({ id: 'phi3:mini', size: '3.8B' });
    expect(await post(`${b.url}${CHAT}`, { ...HELLO, model: 'none' })).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found' }, detail: expect.stringContaining('phi3:mini') },
    });
    expect((await post(`${b.url}${CHAT}`, { ...HELLO, model: 'tinyllama' })).body.model).toBe('tinyllama:latest');
    await post(`${b.url}${CHAT}`, HELLO);
    expect((await request(`${b.url}/v1/statistics`)).body).toMatchObject({ b: { requests: 2, errors: 0, samples: 2 } });
  });

  test('HEAD is as GET, OPTIONS and every other method are refused with what is allowed', async () => {
    const paths = Object.entries<Json>((await request(`${b.url}/openapi.json`)).body.paths);
    expect(paths.length).toBeGreaterThan(15);
    for (const [template, operations] of paths) {
      const path = template.replace('{id}', 'phi3:mini');
      const allow = operations.get ? 'GET, HEAD' : 'POST';
      for (const method of ['OPTIONS', 'PUT', 'DELETE', ...(operations.get ? ['POST'] : ['GET', 'HEAD'])]) {
        const { status, headers } = await fetch(`${b.url}${path}`, { method });
        expect([path, method, status, headers.get('allow')]).toEqual([path, method, 405, allow]);
      }
      if (!operations.get) continue;
      const [got, head] = [await fetch(`${b.url}${path}`), await fetch(`${b.url}${path}`, { method: 'HEAD' })];
      expect([path, head.status, head.headers.get('content-type')]).toEqual([
        path,
        got.status,
        got.headers.get('content-type'),
      ]);
      expect([path, got.status, await head.text()]).toEqual([path, 200, '']);
    }
    expect(await request(`${b.url}/`)).toMatchObject({ status: 404 });
  });

  test('10,000 messages are trimmed and said to be; a body that is too large is refused in OpenAI’s form', async () => {
    const messages = Array.from({ length: 10_000 }, (_, at) => ({ role: at % 2 ? 'assistant' : 'user', content: 'x' }));
    const reply = await post(`${b.url}${CHAT}`, { messages: [...messages, HELLO.messages[0]], max_tokens: 2 });
    expect([reply.status, reply.headers.get('x-chainctl-trimmed')]).toEqual([200, '9982']);
    const large = { messages: [{ role: 'user', content: 'x'.repeat(1 << 20) }] };
    expect(await post(`${b.url}${CHAT}`, large)).toMatchObject({
      status: 413,
      body: { error: { code: 'request_too_large' }, detail: 'body is larger than 1048576 bytes' },
    });
  });

  test('names that could break a header or a terminal reach neither headers nor logs', async () => {
    const ids = ['a b', 'x'.repeat(65), '../\u00e9', '<script>'];
    for (const id of ids) {
      const reply = await post(
        `${b.url}${CHAT}`,
        { ...HELLO, model: '\u001b[31m\r\nx: y' },
        { headers: { 'x-request-id': id } },
      );
      expect(reply.status).toBe(404);
      expect(reply.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
      expect(reply.body.detail).not.toMatch(/\p{Cc}/u);
    }
    await expect.poll(() => readFileSync(log, 'utf8').split('\n').length).toBe(ids.length + 1);
    expect(readFileSync(log, 'utf8')).not.toMatch(/\\u00|\\r|\\n/);
  });
});

test('an engine that is away: 503 for chats, 502 for /invoke, each in its form, and what it means for repeating', async () => {
  const b = await lab.b('http://127.0.0.1:1');
  const chat = await post(`${b.url}${CHAT}`, HELLO);
  expect(chat).toMatchObject({ status: 503, body: { error: { type: 'server_error', code: 'engine_unavailable' } } });
  expect([chat.headers.get('retry-after'), chat.headers.get('x-should-retry')]).toEqual(['5', null]);
  const ollama = await post(`${b.url}/api/chat`, { messages: HELLO.messages });
  expect(ollama).toMatchObject({ status: 503, body: { error: expect.stringMatching(/^Could not connect to Ollama/) } });
  const models = await request(`${b.url}/v1/models`);
  expect(models).toMatchObject({ status: 503, body: { error: { code: 'engine_unavailable' } } });
  expect([models.headers.get('retry-after'), models.headers.get('x-should-retry')]).toEqual(['5', null]);
  expect(await request(`${b.url}/ready`)).toMatchObject({
    status: 503,
    body: { status: 'not ready', reason: expect.stringContaining('engine') },
  });
  expect((await request(`${b.url}/live`)).status).toBe(200);
  expect((await request(`${b.url}/v1/health_check`)).body.status).toBe('unhealthy');
});

test('pages of the origins that are named may ask, with what they want to send; others may not', async () => {
  const b = await lab.b((await lab.engine()).url, { CORS_ORIGINS: 'https://a.example, http://localhost:3000' });
  const ask = (origin: string, init: RequestInit = {}) =>
    fetch(`${b.url}${CHAT}`, {
      ...init,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, x-y',
      },
    });
  const preflight = await ask('https://a.example', { method: 'OPTIONS' });
  expect([preflight.status, await preflight.text()]).toEqual([204, '']);
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    'access-control-allow-origin': 'https://a.example',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, x-y',
    'access-control-max-age': '600',
    vary: 'origin',
  });
  expect(preflight.headers.has('access-control-allow-credentials')).toBe(false);
  const refused = await ask('https://b.example', { method: 'OPTIONS' });
  expect([refused.status, refused.headers.has('access-control-allow-origin')]).toEqual([405, false]);
  const answer = await ask('http://localhost:3000', { method: 'POST', body: '{}' });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([400, 'http://localhost:3000']);
  expect(answer.headers.get('access-control-expose-headers')).toContain('x-chainctl-trimmed');
});

test('with a token the open routes stay open, and the others say in their form that one is needed', async () => {
  const token = 'a-token-that-is-long';
  const b = await lab.b((await lab.engine()).url, { AUTH_TOKEN: token });
  const open = ['/health', '/live', '/ready', '/v1/health', '/v1/health_check', '/api/version', '/openapi.json'];
  for (const path of open) expect([path, (await fetch(`${b.url}${path}`)).status]).not.toEqual([path, 401]);
  for (const path of ['/v1/models', '/models', '/models.json', '/api/tags', '/v1/statistics', '/v1/models/x']) {
    const reply = await request(`${b.url}${path}`);
    expect([path, reply.status, reply.headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
  }
  expect(await post(`${b.url}${CHAT}`, HELLO)).toMatchObject({
    status: 401,
    body: { error: { code: 'invalid_api_key' } },
  });
  expect(await post(`${b.url}/api/chat`, HELLO)).toMatchObject({ status: 401, body: { error: expect.any(String) } });
  const headers = { authorization: `Bearer ${token}` };
  expect((await post(`${b.url}${CHAT}`, HELLO, { headers })).status).toBe(200);
});
