import { request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createLab, expectEngine, type Json, LONG_PROMPT, type Program, post, request } from './lab.ts';

const lab = createLab();

const MESSAGES = [{ role: 'user', content: LONG_PROMPT }];
const OPTIONS = { num_predict: 6, seed: 1 };

interface Form {
  readonly path: string;
  readonly body: Json;
  /** The fields that limit an answer to so many tokens. */
  readonly limited: (tokens: number) => object;
  /** What one event says; undefined for one that says nothing. */
  readonly textOf: (event: Json) => string | undefined;
  /** What stands at the end of a whole stream. */
  readonly isLast: (line: string) => boolean;
}

const FORMS: readonly Form[] = [
  {
    path: '/api/generate',
    body: { model: 'tinyllama', prompt: LONG_PROMPT, options: OPTIONS },
    limited: (num_predict) => ({ options: { num_predict } }),
    textOf: ({ response }) => response || undefined,
    isLast: (line) => JSON.parse(line).done === true,
  },
  {
    path: '/api/chat',
    body: { model: 'tinyllama', messages: MESSAGES, options: OPTIONS },
    limited: (num_predict) => ({ options: { num_predict } }),
    textOf: ({ message }) => message?.content || undefined,
    isLast: (line) => JSON.parse(line).done === true,
  },
  {
    path: '/v1/chat/completions',
    body: { model: 'tinyllama', messages: MESSAGES, stream: true, max_tokens: 6, seed: 1 },
    limited: (max_tokens) => ({ max_tokens }),
    textOf: ({ choices }) => choices[0]?.delta.content || undefined,
    isLast: (line) => line === 'data: [DONE]',
  },
  {
    path: '/v1/completions',
    body: { model: 'tinyllama', prompt: LONG_PROMPT, stream: true, max_tokens: 6, seed: 1 },
    limited: (max_tokens) => ({ max_tokens }),
    textOf: ({ choices }) => choices[0]?.text || undefined,
    isLast: (line) => line === 'data: [DONE]',
  },
];

interface Read {
  /** Lines with something on them. */
  readonly lines: readonly string[];
  readonly end: 'clean' | 'broken';
}

/** Opens an answer and resolves with its head. */
function open(engine: Program, path: string, body: Json): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(`${engine.url}${path}`, { method: 'POST', agent: false }, resolve)
      .once('error', reject)
      .end(JSON.stringify(body));
  });
}

/** Reads an answer until it ends, in whatever way. */
async function read(engine: Program, path: string, body: Json): Promise<Read> {
  const answer = await open(engine, path, body);
  let text = '';
  return new Promise((resolve) => {
    const settle = (end: Read['end']) => resolve({ lines: text.split('\n').filter(Boolean), end });
    answer
      .setEncoding('utf8')
      .on('data', (part: string) => {
        text += part;
      })
      .once('end', () => settle('clean'))
      .once('error', () => settle('broken'));
  });
}

const eventOf = (line: string): Json => JSON.parse(line.replace(/^data: /, ''));
/** Without the end that has no JSON. */
const events = (lines: readonly string[]): Json[] => lines.filter((line) => line !== 'data: [DONE]').map(eventOf);
const texts = ({ textOf }: Form, lines: readonly string[]) => events(lines).map(textOf);

const fault = (engine: Program, body: Json) => post(`${engine.url}/sim/faults`, body);
const stats = async (engine: Program) => (await request(`${engine.url}/sim/stats`)).body;

describe.each(FORMS)('$path, streamed', (form) => {
  const { path, body, isLast, limited } = form;

  test('a cut comes as a reset after so many tokens, and frees the slot', async () => {
    const engine = await lab.engine();
    await fault(engine, { mode: 'cut', count: 1 });
    const { lines, end } = await read(engine, path, body);
    expect(end).toBe('broken');
    expect(texts(form, lines).map((text) => typeof text)).toEqual(['string', 'string']);
    await expectEngine(engine, { active: 0, cancelled: 1 });
    // Only once.
    expect((await read(engine, path, body)).end).toBe('clean');
  });

  test('an early end is a clean one, without the last event', async () => {
    const engine = await lab.engine();
    await fault(engine, { mode: 'end-early', after: 3 });
    const { lines, end } = await read(engine, path, body);
    expect(end).toBe('clean');
    expect(lines).toHaveLength(3);
    expect(lines.some(isLast)).toBe(false);
    await expectEngine(engine, { active: 0 });
  });

  test('a stall holds its slot until the caller leaves', async () => {
    const engine = await lab.engine();
    await fault(engine, { mode: 'stall', after: 1 });
    const answer = await open(engine, path, body);
    const first = await new Promise<string>((resolve) => answer.setEncoding('utf8').once('data', resolve));
    expect(texts(form, first.split('\n').filter(Boolean))).toHaveLength(1);
    await expectEngine(engine, { active: 1, finished: 0, cancelled: 0 });
    answer.destroy();
    await expectEngine(engine, { active: 0, cancelled: 1 });
  });

  test('a bad line stands between the others', async () => {
    const engine = await lab.engine();
    await fault(engine, { mode: 'bad-line', line: '\u0007 {' });
    const { lines, end } = await read(engine, path, body);
    expect(end).toBe('clean');
    expect(() => eventOf(lines[2] as string)).toThrow(SyntaxError);
    expect(lines[2]).toContain('\u0007 {');
    const others = lines.filter((_, index) => index !== 2);
    expect(texts(form, others).filter((text) => text !== undefined)).toHaveLength(6);
    expect(isLast(others.at(-1) as string)).toBe(true);
  });

  test('a text that is shorter goes wrong before its last event', async () => {
    const engine = await lab.engine();
    await fault(engine, { mode: 'end-early', after: 100 });
    const { lines } = await read(engine, path, body);
    expect(lines).toHaveLength(6);
    await fault(engine, { mode: 'cut', after: 0 });
    expect(await read(engine, path, body)).toEqual({ lines: [], end: 'broken' });
  });

  test('without a stream, half of the answer comes', async () => {
    const engine = await lab.engine();
    const whole = { ...body, stream: false };
    await fault(engine, { mode: 'end-early', count: 1 });
    const half = await read(engine, path, whole);
    expect(half.end).toBe('clean');
    expect(() => JSON.parse(half.lines.join('\n'))).toThrow(SyntaxError);
    await fault(engine, { mode: 'cut', count: 1 });
    expect((await read(engine, path, whole)).end).toBe('broken');
    await fault(engine, { mode: 'fail', count: 1 });
    expect((await post(`${engine.url}${path}`, whole)).status).toBe(500);
    expect((await post(`${engine.url}${path}`, whole)).status).toBe(200);
  });

  test('a caller who leaves ends the generation, and no token more is made', async () => {
    const engine = await lab.engine({ SIM_OUTPUT_TOKENS_PER_SECOND: '500' });
    const answer = await open(engine, path, { ...body, ...limited(40_000) });
    await new Promise((resolve) => answer.once('data', resolve));
    answer.destroy();
    await expectEngine(engine, { active: 0, cancelled: 1, finished: 0 });
    const { tokens } = await stats(engine);
    expect(tokens).toBeGreaterThan(0);
    // A second generation on the only slot: nothing was made beside it.
    await read(engine, path, body);
    expect((await stats(engine)).tokens).toBe(tokens + 6);
  });

  test('who does not read is waited for: little is made ahead of him', async () => {
    // Every line has the model's name: with a long one, the lines are more than sockets hold.
    const model = `${'h'.repeat(300)}/${'n'.repeat(79)}/${'m'.repeat(79)}`;
    const engine = await lab.engine({ OLLAMA_NUM_PARALLEL: '2', SIM_MODELS: `${model},tinyllama` });
    const answer = await open(engine, path, { ...body, model, ...limited(40_000) });
    answer.pause();
    // A reader beside him gets everything.
    expect((await read(engine, path, { ...body, ...limited(2000) })).lines.length).toBeGreaterThan(2000);
    await expectEngine(engine, { active: 1, finished: 1 });
    const ahead = (await stats(engine)).tokens - 2000;
    // What the two sockets hold, and a write.
    expect(ahead).toBeLessThan(30_000);
    const lines = (await answer.setEncoding('utf8').toArray()).join('').split('\n').filter(Boolean);
    expect(texts(form, lines).filter((text) => text !== undefined)).toHaveLength(40_000);
    expect(isLast(lines.at(-1) as string)).toBe(true);
  });
});

test('a fault is for the path that it names', async () => {
  const engine = await lab.engine();
  const [generate, chat] = FORMS as [Form, Form];
  expect((await fault(engine, { mode: 'error', path: '/api/tags' })).body).toEqual({
    mode: 'error',
    remaining: null,
    after: 2,
    path: '/api/tags',
  });
  expect((await read(engine, generate.path, generate.body)).end).toBe('clean');
  expect((await request(`${engine.url}/api/tags`)).status).toBe(500);
  await fault(engine, { mode: 'cut', path: '/api/chat' });
  expect((await read(engine, generate.path, generate.body)).end).toBe('clean');
  expect((await read(engine, chat.path, chat.body)).end).toBe('broken');
});

test.each([
  [{ mode: 'nothing' }, /^mode must be one of hang, .*bad-line, fail$/],
  [{ mode: 'cut', after: -1 }, 'after must be a whole number, 0 or more'],
  [{ mode: 'cut', count: '1' }, 'count must be a whole number, 0 or more'],
  [{ mode: 'cut', path: 5 }, 'path must be a string'],
])('a fault that makes no sense is refused: %j', async (body, error) => {
  const engine = await lab.engine();
  expect(await fault(engine, body)).toMatchObject({ status: 400, body: { error: expect.stringMatching(error) } });
});

test('a model that reasons does so first, unless it is not to', async () => {
  const engine = await lab.engine({ SIM_REASONING_TOKENS: '4' });
  const [generate, chat] = FORMS as [Form, Form];
  const thinking = (lines: readonly string[]) =>
    lines.map((line) => (eventOf(line).message ?? eventOf(line)).thinking).filter(Boolean);
  for (const form of [generate, chat]) {
    const { lines } = await read(engine, form.path, form.body);
    expect(thinking(lines)).toHaveLength(4);
    expect(thinking(lines.slice(0, 4))).toHaveLength(4);
    expect(texts(form, lines).filter(Boolean)).toHaveLength(2);
    expect(eventOf(lines.at(-1) as string)).toMatchObject({ eval_count: 6, done_reason: 'length' });
    const silent = await read(engine, form.path, { ...form.body, think: false });
    expect(thinking(silent.lines)).toEqual([]);
    expect(texts(form, silent.lines).filter(Boolean)).toHaveLength(6);
    const whole = (await post(`${engine.url}${form.path}`, { ...form.body, stream: false })).body;
    expect((whole.message ?? whole).thinking).toBe(thinking(lines).join(''));
  }
  const [cut] = (await read(engine, chat.path, { ...chat.body, options: { num_predict: 1 } })).lines;
  expect(eventOf(cut as string).message).toMatchObject({ content: '', thinking: expect.any(String) });
});

test('the last requests can be looked at: what was asked, how it ended, and when', async () => {
  const engine = await lab.engine({ SIM_OUTPUT_TOKENS_PER_SECOND: '500' });
  const headers = { 'x-request-id': 'r-1', authorization: 'Bearer secret' };
  const quick = { model: 'tinyllama', prompt: 'x', stream: false, options: OPTIONS };
  await post(`${engine.url}/api/generate`, quick, { headers });
  const [, chat] = FORMS as [Form, Form];
  const answer = await open(engine, chat.path, { ...chat.body, ...chat.limited(40_000) });
  await new Promise((resolve) => answer.once('data', resolve));
  const requests = async () => (await request(`${engine.url}/sim/requests`)).body.requests;
  expect((await requests()).map(({ path, ended }: Json) => [path, ended])).toEqual([
    ['/api/generate', 'finished'],
    ['/api/chat', 'open'],
  ]);
  answer.destroy();
  await expect.poll(async () => (await requests())[1].ended).toBe('left');
  const [first, second] = await requests();
  expect(first).toMatchObject({ method: 'POST', status: 200, body: { prompt: 'x', options: OPTIONS } });
  expect(first.headers['x-request-id']).toBe('r-1');
  expect(JSON.stringify(first)).not.toContain('secret');
  expect(second.seconds).toBeGreaterThan(0);
  expect((await fetch(`${engine.url}/sim/requests`, { method: 'DELETE' })).status).toBe(200);
  expect(await requests()).toEqual([]);
});
