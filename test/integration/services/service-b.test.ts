import { expect, test } from 'vitest';
import { createLab, expectHealth, LONG_PROMPT, post, request } from './lab.ts';

const lab = createLab();

test('answers a prompt with every field of the contract, and says that the engine is simulated', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  const reply = await post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-type')).toContain('application/json');
  expect(reply.body).toMatchObject({ service: 'b', model: 'phi3:mini', host: 'b-1', simulated: true });
  expect(reply.body.llm_text.split(' ')).toHaveLength(40);
  expect(reply.body.timing.ollama_seconds).toBeGreaterThan(0);
  expect(reply.body.timing.total_seconds).toBeGreaterThanOrEqual(reply.body.timing.ollama_seconds);
  // The model sees 1200 characters: 300 tokens of the simulated engine.
  expect(reply.body.usage).toEqual({ prompt_eval_count: 300, eval_count: 40 });
});

test('its settings for the model come from the environment', async () => {
  const engine = await lab.engine({ SIM_MODELS: 'tinyllama' });
  const b = await lab.b(engine.url, {
    OLLAMA_MODEL: 'tinyllama',
    NUM_PREDICT: '7',
    PROMPT_CHARS: '400',
    NUM_CTX: '64',
  });
  const { body } = await post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
  expect(body).toMatchObject({ model: 'tinyllama', usage: { eval_count: 7, prompt_eval_count: 64 } });
});

test('accepts 1000 code points and refuses 999, emoji counted once', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  const detail = 'prompt must be at least 1000 characters';
  for (const [prompt, status] of [
    ['x'.repeat(1000), 200],
    ['x'.repeat(999), 400],
    ['😀'.repeat(1000), 200],
    // 999 code points, 1998 UTF-16 units
    ['😀'.repeat(999), 400],
    ['', 400],
  ] as const) {
    const reply = await post(`${b.url}/invoke`, { prompt });
    expect([prompt.length, reply.status]).toEqual([prompt.length, status]);
    if (status === 400) expect(reply.body).toEqual({ detail });
  }
});

test('400 for what is not a prompt, 404 and 405 for what is not offered', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  const detail = 'prompt must be at least 1000 characters';
  for (const body of [{}, { prompt: 12 }, { prompt: null }, [], 'null', '"text"']) {
    expect(await post(`${b.url}/invoke`, body)).toMatchObject({ status: 400, body: { detail } });
  }
  expect(await post(`${b.url}/invoke`, '{"prompt": ')).toMatchObject({
    status: 400,
    body: { detail: 'body is not valid JSON' },
  });
  expect(await post(`${b.url}/invoke`, Buffer.from([0x22, 0xff, 0xfe, 0x22]))).toMatchObject({
    status: 400,
    body: { detail: 'body is not valid UTF-8' },
  });
  expect(await request(`${b.url}/nowhere`)).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
  const wrong = await request(`${b.url}/invoke`);
  expect(wrong).toMatchObject({ status: 405, body: { detail: 'Method Not Allowed' } });
  expect(wrong.headers.get('allow')).toBe('POST');
  const wrongHealth = await post(`${b.url}/health`, {});
  expect([wrongHealth.status, wrongHealth.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('health is 503 with a reason until the model is there and loaded', async () => {
  const engine = await lab.engine({ SIM_MODELS: '', SIM_LOAD_SECONDS: '0.4' });
  const b = await lab.b(engine.url, { PULL_MODEL: 'false' });
  await expectHealth(b, 503, { ok: false, service: 'b', reason: 'engine does not have model phi3:mini yet' });
  await post(`${engine.url}/api/pull`, { model: 'phi3:mini', stream: false });
  await expectHealth(b, 503, { ok: false, reason: 'engine is loading model phi3:mini' });
  await expectHealth(b, 200, { ok: true, service: 'b', host: 'b-1', simulated: true });
  // Unloaded by somebody else: not ready, and loaded again without anybody's doing.
  await post(`${engine.url}/api/generate`, { model: 'phi3:mini', keep_alive: 0 });
  await expectHealth(b, 503, { ok: false, reason: expect.stringMatching(/model phi3:mini.*: it was unloaded/) });
  await expectHealth(b, 200, { ok: true });
  expect((await fetch(`${b.url}/health`, { method: 'HEAD' })).status).toBe(200);
});

test('MIN_PROCESS_SECONDS holds the answer back, and only total_seconds includes the wait', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url, { MIN_PROCESS_SECONDS: '0.4', MAX_CONCURRENCY: '1', MAX_QUEUE: '0' });
  const first = post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
  // Whoever only waits holds no place: with one place and no queue, the next caller is served all the same.
  await expect.poll(async () => (await request(`${b.url}/health`)).body.working, { interval: 5 }).toBe(0);
  const replies = [await post(`${b.url}/invoke`, { prompt: LONG_PROMPT }), await first];
  for (const { status, ms, body } of replies) {
    expect(status).toBe(200);
    expect(ms).toBeGreaterThanOrEqual(400);
    expect(body.timing.total_seconds).toBeGreaterThanOrEqual(0.4);
    expect(body.timing.ollama_seconds).toBeLessThan(0.35);
  }
});

test('the model is kept and loaded again without anybody asking for health', async () => {
  const engine = await lab.engine();
  // The keep-alive decides how often it looks: here each 1.5 s.
  await lab.b(engine.url, { KEEP_ALIVE_MODEL: '6s' });
  const loadedUntil = async () => {
    const { models } = (await request(`${engine.url}/api/ps`)).body;
    return models.length === 0 ? 0 : Date.parse(models[0].expires_at);
  };
  const poll = () => expect.poll(loadedUntil, { timeout: 15_000, interval: 50 });
  await poll().toBeGreaterThan(Date.now());
  const first = await loadedUntil();
  await poll().toBeGreaterThan(first);
  await post(`${engine.url}/api/generate`, { model: 'phi3:mini', keep_alive: 0 });
  const unloadedAt = Date.now();
  await poll().toBeGreaterThan(unloadedAt + 1000);
});
