import { Ollama } from 'ollama';
import { expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, expectEngine, LONG_PROMPT, post, request } from './lab.ts';

const lab = createLab();

test('the npm client works against it: generate, chat, list, show, ps, version, pull, delete', async () => {
  const engine = await lab.engine({ SIM_MODELS: 'tinyllama' });
  const ollama = new Ollama({ host: engine.url });
  const generated = await ollama.generate({ model: 'tinyllama', prompt: LONG_PROMPT, options: { num_predict: 12 } });
  expect(generated).toMatchObject({ model: 'tinyllama', done: true, done_reason: 'length', eval_count: 12 });
  expect(generated.response?.split(' ')).toHaveLength(12);
  expect(generated.prompt_eval_count).toBe(Math.ceil(LONG_PROMPT.length / 4));
  for (const figure of ['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration'] as const) {
    expect(Number.isInteger(generated[figure])).toBe(true);
  }
  const chat = await ollama.chat({ model: 'tinyllama', messages: [{ role: 'user', content: LONG_PROMPT }] });
  expect(chat.message.role).toBe('assistant');
  expect(chat.done_reason).toBe('stop');
  const { models } = await ollama.list();
  expect(models.map(({ name }) => name)).toEqual(['tinyllama:latest']);
  expect((await ollama.show({ model: 'tinyllama' })).details.family).toBe('llama');
  expect((await ollama.ps()).models.map(({ name }) => name)).toEqual(['tinyllama:latest']);
  expect((await ollama.version()).version).toContain('simulated');
  const progress: string[] = [];
  for await (const part of await ollama.pull({ model: 'phi3:mini', stream: true })) progress.push(part.status);
  expect(progress[0]).toBe('pulling manifest');
  expect(progress.at(-1)).toBe('success');
  expect((await ollama.list()).models).toHaveLength(2);
  await ollama.delete({ model: 'phi3:mini' });
  expect((await ollama.list()).models).toHaveLength(1);
});

test('streams token by token, and an aborted stream frees its slot', async () => {
  const engine = await lab.engine(engineWithGenerationOf(400, 1));
  const ollama = new Ollama({ host: engine.url });
  const parts: string[] = [];
  const options = { num_predict: 20 };
  for await (const part of await ollama.generate({ model: 'tinyllama', prompt: LONG_PROMPT, stream: true, options })) {
    parts.push(part.response ?? '');
  }
  expect(parts).toHaveLength(21);
  const whole = await ollama.generate({ model: 'tinyllama', prompt: LONG_PROMPT, options });
  expect(parts.join('')).toBe(whole.response);
  const stream = await ollama.chat({
    model: 'tinyllama',
    messages: [{ role: 'user', content: LONG_PROMPT }],
    stream: true,
  });
  await expect(async () => {
    for await (const _ of stream) stream.abort();
  }).rejects.toThrow(/abort/i);
  await expectEngine(engine, { active: 0, cancelled: 1 });
});

test('the same seed gives the same text, another one another', async () => {
  const engine = await lab.engine();
  const ollama = new Ollama({ host: engine.url });
  const say = async (seed: number) => {
    const prompt = 'one two three four five two six one seven two eight nine one ten two';
    return (await ollama.generate({ model: 'tinyllama', prompt, options: { seed, num_predict: 30 } })).response;
  };
  expect(await say(1)).toBe(await say(1));
  expect(await say(1)).not.toBe(await say(2));
});

test('errors have Ollama’s texts and status codes', async () => {
  const engine = await lab.engine({ OLLAMA_MAX_QUEUE: '0', ...engineWithGenerationOf(60_000, 1) });
  const at = (path: string, body: unknown) => post(`${engine.url}${path}`, body);
  const notFound = { status: 404, body: { error: "model 'x' not found" } };
  expect(await at('/api/generate', { model: 'x', prompt: 'y' })).toMatchObject(notFound);
  expect(await at('/api/chat', { model: 'x', messages: [] })).toMatchObject(notFound);
  expect(await at('/api/show', { model: 'x' })).toMatchObject(notFound);
  expect(await at('/api/generate', { prompt: 'y' })).toMatchObject({
    status: 400,
    body: { error: 'model is required' },
  });
  expect(await at('/api/generate', '{"model":')).toMatchObject({ status: 400, body: { error: expect.any(String) } });
  expect(await at('/api/generate', '')).toMatchObject({ status: 400, body: { error: 'missing request body' } });
  const caller = new AbortController();
  const body = { model: 'tinyllama', prompt: LONG_PROMPT };
  post(`${engine.url}/api/generate`, body, { signal: caller.signal }).catch(() => {});
  await expectEngine(engine, { active: 1 });
  expect(await at('/api/generate', { ...body, stream: false })).toMatchObject({
    status: 503,
    body: { error: 'server busy, please try again.  maximum pending requests exceeded' },
  });
  caller.abort();
  const root = await fetch(engine.url);
  expect([root.status, await root.text()]).toEqual([200, 'Ollama is running']);
  expect((await fetch(engine.url, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`${engine.url}/api/nothing`)).status).toBe(404);
  expect((await fetch(`${engine.url}/api/generate`)).status).toBe(405);
});

test('a model is loaded on first use, kept for keep_alive, and its loading is in the figures', async () => {
  const engine = await lab.engine({ SIM_LOAD_SECONDS: '0.2' });
  const ollama = new Ollama({ host: engine.url });
  const ask = (keep_alive: number) => ollama.generate({ model: 'tinyllama', prompt: LONG_PROMPT, keep_alive });
  expect((await ask(-1)).load_duration).toBeGreaterThan(190e6);
  expect((await ask(0)).load_duration).toBeLessThan(50e6);
  expect((await ollama.ps()).models).toEqual([]);
  expect((await ask(60)).load_duration).toBeGreaterThan(190e6);
});

test('slots share the machine: two at once take twice as long, a third one waits', async () => {
  const engine = await lab.engine(engineWithGenerationOf(200, 2));
  const ask = () => {
    const body = { model: 'tinyllama', prompt: LONG_PROMPT, stream: false, options: { num_predict: 40 } };
    return post(`${engine.url}/api/generate`, body);
  };
  const alone = (await ask()).body.eval_duration / 1e6;
  expect(alone).toBeGreaterThan(195);
  expect(alone).toBeLessThan(300);
  const [first, second, third] = await Promise.all([ask(), ask(), ask()]);
  // By calculation: 400 ms for the first two, then the third alone.
  expect(first?.body.eval_duration / 1e6).toBeGreaterThan(380);
  expect(second?.body.eval_duration / 1e6).toBeLessThan(460);
  expect(third?.body.eval_duration / 1e6).toBeLessThan(300);
  expect((await request(`${engine.url}/sim/stats`)).body).toMatchObject({ max_active: 2, finished: 4 });
});
