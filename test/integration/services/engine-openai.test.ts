import { Ollama } from 'ollama';
import { expect, test } from 'vitest';
import { cosine } from '../../../templates/services/engine-sim/vectors.ts';
import { createLab, type Json, LONG_PROMPT, type Program, post, request } from './lab.ts';

const lab = createLab();

const MESSAGES = [{ role: 'user', content: LONG_PROMPT }];
const CHAT = { model: 'tinyllama', messages: MESSAGES, max_tokens: 4, seed: 1 };

/** The data of each event; the last is no JSON. */
async function events(engine: Program, path: string, body: Json): Promise<Json[]> {
  const response = await fetch(`${engine.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('x-chainctl-simulated')).toBe('1');
  const lines = (await response.text()).split('\n\n');
  // Each event is one line, and the last one ends, too.
  expect(lines.pop()).toBe('');
  expect(lines.every((line) => /^data: [^\n]+$/.test(line))).toBe(true);
  return lines.map((line) => (line === 'data: [DONE]' ? 'DONE' : JSON.parse(line.slice(6))));
}

test('a streamed chat: pieces, the end, the usage, [DONE]; together they are the whole answer', async () => {
  const engine = await lab.engine();
  const body = { ...CHAT, stream: true, stream_options: { include_usage: true } };
  const chunks = await events(engine, '/v1/chat/completions', body);
  expect(chunks).toHaveLength(7);
  const [first] = chunks;
  for (const chunk of chunks.slice(0, -1)) {
    expect(chunk).toMatchObject({ id: first.id, object: 'chat.completion.chunk', model: 'tinyllama' });
  }
  const pieces = chunks.slice(0, 4).map(({ choices: [choice] }) => choice);
  expect(pieces.every(({ index, finish_reason }) => index === 0 && finish_reason === null)).toBe(true);
  expect(chunks[4]).toMatchObject({ choices: [{ delta: { content: '' }, finish_reason: 'length' }], simulated: true });
  const prompt_tokens = Math.ceil(LONG_PROMPT.length / 4);
  const usage = { prompt_tokens, completion_tokens: 4, total_tokens: prompt_tokens + 4 };
  expect(chunks[5]).toMatchObject({ choices: [], usage });
  expect(chunks[6]).toBe('DONE');
  const whole = (await post(`${engine.url}/v1/chat/completions`, CHAT)).body;
  expect(whole).toMatchObject({ object: 'chat.completion', usage, simulated: true });
  expect(whole.choices[0].message.content).toBe(pieces.map(({ delta }) => delta.content).join(''));
});

test('reasoning comes first, and not where none is wanted', async () => {
  const engine = await lab.engine({ SIM_REASONING_TOKENS: '2', SIM_MODELS: 'tinyllama,gpt-oss:20b' });
  const deltas = async (more: object) =>
    (await events(engine, '/v1/chat/completions', { ...CHAT, stream: true, ...more }))
      .slice(0, -2)
      .map(({ choices }) => Object.keys(choices[0].delta).includes('reasoning'));
  expect(await deltas({})).toEqual([true, true, false, false]);
  expect(await deltas({ reasoning_effort: 'low', model: 'gpt-oss:20b' })).toEqual([true, true, false, false]);
  // Seen with 0.17.4 and a model that thinks.
  expect(await post(`${engine.url}/v1/chat/completions`, { ...CHAT, reasoning_effort: 'low' })).toMatchObject({
    status: 400,
    body: { error: { message: 'think value "low" is not supported for this model' } },
  });
  expect(await deltas({ reasoning_effort: 'none' })).toEqual([false, false, false, false]);
  const { message } = (await post(`${engine.url}/v1/chat/completions`, CHAT)).body.choices[0];
  expect(message.reasoning.split(' ')).toHaveLength(2);
  expect(message.content.split(' ')).toHaveLength(2);
  const shown = (await post(`${engine.url}/api/show`, { model: 'tinyllama' })).body.capabilities;
  expect(shown).toEqual(['completion', 'thinking', 'embedding']);
});

const TOOLS = [
  {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  },
];
const ASKED = [{ role: 'user', content: 'What is the weather in Paris?' }];

test('a model with tools calls one, and answers in words once it has the result', async () => {
  const engine = await lab.engine({ SIM_MODELS: 'qwen2.5:0.5b' });
  const body = { model: 'qwen2.5:0.5b', messages: ASKED, tools: TOOLS, max_tokens: 50 };
  const { message, finish_reason } = (await post(`${engine.url}/v1/chat/completions`, body)).body.choices[0];
  expect(finish_reason).toBe('tool_calls');
  const [call] = message.tool_calls;
  expect(call).toMatchObject({ index: 0, type: 'function', function: { name: 'weather' } });
  expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Paris' });
  const chunks = await events(engine, '/v1/chat/completions', { ...body, stream: true });
  expect(chunks).toMatchObject([
    { choices: [{ delta: { tool_calls: [{ id: call.id }] }, finish_reason: null }] },
    { choices: [{ delta: { content: '' }, finish_reason: 'tool_calls' }] },
    'DONE',
  ]);
  const answered = [...ASKED, message, { role: 'tool', tool_call_id: call.id, content: 'sunny' }];
  const next = (await post(`${engine.url}/v1/chat/completions`, { ...body, messages: answered })).body.choices[0];
  expect(next).toMatchObject({ finish_reason: 'length' });
  expect(next.message.tool_calls).toBeUndefined();
  const ollama = new Ollama({ host: engine.url });
  const chat = await ollama.chat({ ...body, stream: false } as Parameters<typeof ollama.chat>[0] & { stream: false });
  expect(chat.message.tool_calls?.[0]?.function).toMatchObject({ name: 'weather', arguments: { city: 'Paris' } });
});

test('a text and its vector: by three routes, shorter, in base64', async () => {
  const engine = await lab.engine();
  const input = ['the river ends in the sea', 'the river', 'a cat'];
  const { embeddings, prompt_eval_count } = await new Ollama({ host: engine.url }).embed({ model: 'tinyllama', input });
  expect(embeddings.map(({ length }) => length)).toEqual([256, 256, 256]);
  expect(prompt_eval_count).toBe(7 + 3 + 2);
  const [sea, river, cat] = embeddings as [number[], number[], number[]];
  expect(cosine(sea, river)).toBeGreaterThan(0.4);
  expect(cosine(sea, cat)).toBeLessThan(0.3);
  const { data, usage } = (await post(`${engine.url}/v1/embeddings`, { model: 'tinyllama', input })).body;
  expect(data.map(({ embedding }: Json) => embedding)).toEqual(embeddings);
  expect(usage).toEqual({ prompt_tokens: 12, total_tokens: 12 });
  const old = await post(`${engine.url}/api/embeddings`, { model: 'tinyllama', prompt: 'the river' });
  expect(old.body.embedding).toEqual(river);
  const base64 = (await post(`${engine.url}/v1/embeddings`, { model: 'tinyllama', input, encoding_format: 'base64' }))
    .body.data[1].embedding;
  const bytes = Buffer.from(base64, 'base64');
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  expect([...floats]).toEqual(river.map(Math.fround));
  const short = await post(`${engine.url}/v1/embeddings`, { model: 'tinyllama', input: 'the river', dimensions: 16 });
  expect(short.body.data[0].embedding).toHaveLength(16);
  expect(Math.hypot(...short.body.data[0].embedding)).toBeCloseTo(1, 6);
});

test('a text over the context is cut, unless it is not to be', async () => {
  const engine = await lab.engine();
  const asked = { model: 'tinyllama', options: { num_ctx: 8 } };
  const input = LONG_PROMPT;
  expect((await post(`${engine.url}/api/embed`, { ...asked, input })).body.prompt_eval_count).toBe(8);
  const refused = { status: 400, body: { error: 'the input length exceeds the context length' } };
  expect(await post(`${engine.url}/api/embed`, { ...asked, input, truncate: false })).toMatchObject(refused);
  const chat = { ...asked, messages: MESSAGES, truncate: false, shift: false };
  expect(await post(`${engine.url}/api/chat`, chat)).toMatchObject(refused);
});

test('documents are ranked by their likeness to the question', async () => {
  const engine = await lab.engine();
  const documents = ['a cat', 'the river ends in the sea', 'the river'];
  const rerank = (more: object) =>
    post(`${engine.url}/v1/rerank`, { model: 'tinyllama', query: 'the river', documents, ...more });
  const { results, model } = (await rerank({})).body;
  expect(model).toBe('tinyllama');
  expect(results.map(({ index }: Json) => index)).toEqual([2, 1, 0]);
  expect(results[0].relevance_score).toBeCloseTo(1, 6);
  expect((await rerank({ top_n: 1 })).body.results).toEqual([results[0]]);
  expect((await rerank({ model: undefined })).body.results).toEqual(results);
});

test.each([
  [{ query: undefined }, 400, '"query" must be provided'],
  [{ documents: [] }, 400, '"documents" must be a non-empty string array'],
  [{ documents: undefined }, 400, '"documents" must be a non-empty string array'],
  [
    { documents: [5] },
    400,
    'json: cannot unmarshal number into Go struct field RerankRequest.documents of type string',
  ],
  [{ top_n: 0 }, 400, '"top_n" must be at least 1'],
  [{ model: 'no-such' }, 404, 'model "no-such" not found, try pulling it first'],
])('a ranking that makes no sense is refused: %j', async (more, status, message) => {
  const engine = await lab.engine();
  const body = { model: 'tinyllama', query: 'x', documents: ['y'], ...more };
  expect(await post(`${engine.url}/v1/rerank`, body)).toMatchObject({ status, body: { error: { message } } });
});

test('a runner that dies in the middle leaves what a real one leaves', async () => {
  const engine = await lab.engine();
  await post(`${engine.url}/sim/faults`, { mode: 'fail', after: 1 });
  const chunks = await events(engine, '/v1/chat/completions', { ...CHAT, stream: true });
  expect(chunks).toMatchObject([
    { model: 'tinyllama', choices: [{ finish_reason: null }] },
    { model: '', choices: [{ delta: { content: '' }, finish_reason: null }] },
  ]);
  const own = await fetch(`${engine.url}/api/chat`, {
    method: 'POST',
    body: JSON.stringify({ model: 'tinyllama', messages: MESSAGES }),
  });
  const last = (await own.text()).trimEnd().split('\n').at(-1) as string;
  expect(JSON.parse(last)).toEqual({
    error: 'an error was encountered while running the model: unexpected EOF',
  });
});

test('faults before an answer have the form of the route', async () => {
  const engine = await lab.engine();
  await post(`${engine.url}/sim/faults`, { mode: 'error', count: 1 });
  expect(await post(`${engine.url}/v1/chat/completions`, CHAT)).toMatchObject({
    status: 500,
    body: { error: { message: 'simulated failure of the model runner', type: 'api_error', param: null, code: null } },
  });
  await post(`${engine.url}/sim/faults`, { mode: 'error', path: '/v1/embeddings' });
  expect((await post(`${engine.url}/v1/embeddings`, { model: 'tinyllama', input: 'x' })).status).toBe(500);
  expect((await request(`${engine.url}/v1/models`)).body.data).toHaveLength(2);
  expect((await request(`${engine.url}/v1/models/phi3%3Amini`)).body).toMatchObject({ id: 'phi3:mini' });
});

test.each([
  ['/api/embed', { model: 'tinyllama', input: 'x' }],
  ['/v1/embeddings', { model: 'tinyllama', input: 'x' }],
  ['/v1/rerank', { query: 'x', documents: ['y'] }],
])('an answer of %s breaks in its middle where its path is named', async (path, body) => {
  const engine = await lab.engine();
  const ask = () => fetch(`${engine.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  for (const mode of ['end-early', 'bad-line']) {
    await post(`${engine.url}/sim/faults`, { mode, path, count: 1 });
    const text = await (await ask()).text();
    expect(text.length).toBeGreaterThan(0);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  }
  await post(`${engine.url}/sim/faults`, { mode: 'cut', path, count: 1 });
  await expect(ask().then((answer) => answer.text())).rejects.toThrow(TypeError);
  await post(`${engine.url}/sim/faults`, { mode: 'fail', path, count: 1 });
  expect((await ask()).status).toBe(500);
  expect((await ask()).status).toBe(200);
});

test('what cannot break in its middle leaves the fault to others', async () => {
  const engine = await lab.engine();
  await post(`${engine.url}/sim/faults`, { mode: 'cut', path: '/api/show', count: 1 });
  expect((await post(`${engine.url}/api/show`, { model: 'tinyllama' })).status).toBe(200);
  expect((await request(`${engine.url}/sim/faults`)).body.remaining).toBe(1);
});
