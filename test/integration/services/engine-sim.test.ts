import { connect } from 'node:net';
import { Ollama } from 'ollama';
import { expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, expectEngine, LONG_PROMPT, post, request } from './lab.ts';

const lab = createLab();

/** Fast, and yet slow enough that no duration is 0 and left out. */
const TIMED_ENGINE = {
  SIM_ANSWER_TOKENS: '200',
  SIM_OUTPUT_TOKENS_PER_SECOND: '5000',
  SIM_PROMPT_TOKENS_PER_SECOND: '50000',
};

test('the npm client works against it: generate, chat, list, show, ps, version, pull, delete', async () => {
  const engine = await lab.engine({ ...TIMED_ENGINE, SIM_MODELS: 'tinyllama' });
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
  const options = { num_predict: 20, seed: 1 };
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

test.each([
  ['by its announced length', `content-length: ${17 << 20}\r\n\r\n${'x'.repeat(17 << 20)}`],
  ['on its way', `transfer-encoding: chunked\r\n\r\n${`100000\r\n${'x'.repeat(1 << 20)}\r\n`.repeat(17)}0\r\n\r\n`],
])('a body that is refused %s leaves the connection to the next request', async (_, body) => {
  const engine = await lab.engine();
  const socket = connect(engine.port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`POST /api/generate HTTP/1.1\r\nhost: engine\r\n${body}`);
  socket.write('GET /api/version HTTP/1.1\r\nhost: engine\r\n\r\n');
  await expect.poll(() => text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  expect(text).toContain('{"error":"request body too large"}');
  socket.destroy();
});

test('the same seed gives the same text, another one another', async () => {
  const engine = await lab.engine();
  const ollama = new Ollama({ host: engine.url });
  const say = async (seed?: number) => {
    const prompt = 'one two three four five two six one seven two eight nine one ten two';
    return (
      await ollama.generate({
        model: 'tinyllama',
        prompt,
        options: { ...(seed === undefined ? {} : { seed }), num_predict: 30 },
      })
    ).response;
  };
  expect(await say(1)).toBe(await say(1));
  expect(await say(1)).not.toBe(await say(2));
  expect(await say()).not.toBe(await say());
});

test('a loaded model takes every request, one after the other; only who waits for a load is refused', async () => {
  const engine = await lab.engine({
    OLLAMA_MAX_QUEUE: '2',
    SIM_LOAD_SECONDS: '1',
    ...engineWithGenerationOf(20, 1),
  });
  const burst = async () => {
    const body = { model: 'tinyllama', prompt: LONG_PROMPT, stream: false, options: { num_predict: 4 } };
    const replies = await Promise.all(Array.from({ length: 8 }, () => post(`${engine.url}/api/generate`, body)));
    return replies.sort((one, other) => one.status - other.status);
  };
  const cold = await burst();
  // One that loads, two that wait.
  expect(cold.map(({ status }) => status)).toEqual([200, 200, 200, 503, 503, 503, 503, 503]);
  expect(cold.at(-1)?.body).toEqual({ error: 'server busy, please try again.  maximum pending requests exceeded' });
  expect((await burst()).map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect((await request(`${engine.url}/sim/stats`)).body).toMatchObject({ max_active: 1, refused: 5, loads: 1 });
});

test('a model is loaded on first use and for other options, and kept for keep_alive', async () => {
  const engine = await lab.engine({ SIM_LOAD_SECONDS: '0.2' });
  const ollama = new Ollama({ host: engine.url });
  const ask = (keep_alive: number, num_ctx = 512) =>
    ollama.generate({ model: 'tinyllama', prompt: LONG_PROMPT, keep_alive, options: { num_ctx } });
  const running = async () => (await request(`${engine.url}/api/ps`)).body.models;
  const loads = async () => (await request(`${engine.url}/sim/stats`)).body.loads;
  expect((await ask(-1)).load_duration).toBeGreaterThan(200e6);
  await ask(-1);
  expect([await loads(), (await running())[0].context_length]).toEqual([1, 512]);
  expect((await ask(0, 1024)).load_duration).toBeGreaterThan(200e6);
  await expect.poll(running).toEqual([]);
  await ask(60, 1024);
  expect([await loads(), (await running())[0].context_length]).toEqual([3, 1024]);
});

test('a copy of a model is the same file, and takes the place of the other one', async () => {
  const engine = await lab.engine();
  await fetch(`${engine.url}/api/copy`, {
    method: 'POST',
    body: JSON.stringify({ source: 'tinyllama', destination: 'other' }),
  });
  const ask = (model: string, num_ctx: number) =>
    post(`${engine.url}/api/generate`, { model, stream: false, options: { num_ctx } });
  const from = async (model: string) => {
    const { modelfile } = (await post(`${engine.url}/api/show`, { model })).body;
    return /^FROM .*$/m.exec(modelfile)?.[0];
  };
  await ask('tinyllama', 512);
  await ask('other', 1024);
  const { models } = (await request(`${engine.url}/api/ps`)).body;
  expect(models).toMatchObject([{ name: 'other:latest', context_length: 1024 }]);
  expect(await from('tinyllama')).toBe(await from('other'));
});

test('what the registry does not have is not pulled', async () => {
  const engine = await lab.engine({ SIM_REGISTRY: 'phi3:mini,tinyllama', SIM_MODELS: '' });
  const pull = (model: string) => post(`${engine.url}/api/pull`, { model, stream: false });
  expect(await pull('other')).toMatchObject({
    status: 500,
    body: { error: 'pull model manifest: file does not exist' },
  });
  expect(await pull('registry.ollama.ai/library/Phi3:mini')).toMatchObject({ status: 200 });
});

test('slots share the machine: two at once take twice as long, a third one waits', async () => {
  const engine = await lab.engine(engineWithGenerationOf(200, 2));
  const ask = () => {
    const body = { model: 'tinyllama', prompt: LONG_PROMPT, stream: false, options: { num_predict: 40 } };
    return post(`${engine.url}/api/generate`, body);
  };
  const alone = (await ask()).body.eval_duration / 1e6;
  // The first of 40 tokens comes with the prompt.
  expect(alone).toBeGreaterThan(190);
  expect(alone).toBeLessThan(300);
  const [first, second, third] = await Promise.all([ask(), ask(), ask()]);
  // By calculation: 400 ms for the first two, then the third alone.
  // Alone it takes 200; what the others came later than it is missing from the 400.
  expect(first?.body.eval_duration / 1e6).toBeGreaterThan(220);
  expect(second?.body.eval_duration / 1e6).toBeLessThan(460);
  expect(third?.body.eval_duration / 1e6).toBeLessThan(300);
  expect((await request(`${engine.url}/sim/stats`)).body).toMatchObject({ max_active: 2, finished: 4 });
});
