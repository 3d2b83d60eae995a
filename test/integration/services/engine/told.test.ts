import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createLab, LONG_PROMPT, post } from '../lab.ts';

/** What is told of an engine that repeats its key wherever it says anything, and of one that fails. */

const lab = createLab();
const KEY = 'sk-keyOfTheEngine/77';
const SECRET = /sk-key|OfTheEngine/;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function play(answers: Readonly<Record<string, readonly [number, unknown]>>): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const [status, body] = answers[incoming.url ?? ''] ?? [404, { error: `no ${incoming.headers.authorization}` }];
    incoming.resume().on('end', () => outgoing.writeHead(status).end(JSON.stringify(body)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const SAID = { error: { message: `wrong key ${KEY}` } };
// Cut at 500 in the middle of the key.
const CUT = { error: { message: `${'x'.repeat(487)} ${KEY}` } };
const LISTED = { data: [{ id: 'm', owned_by: 'x' }] };
const TAGS = { models: [{ name: 'm:latest', digest: 'd' }] };

test.each([
  ['openai', 'a list that is refused', { '/v1/models': [401, SAID] }],
  ['openai', 'a list of other models', { '/v1/models': [200, { data: [{ id: KEY }] }] }],
  ['openai', 'a warm-up that fails inside a 200', { '/v1/models': [200, LISTED], '/v1/chat/completions': [200, SAID] }],
  ['openai', 'a text that is cut', { '/v1/models': [200, LISTED], '/v1/chat/completions': [200, CUT] }],
  ['ollama', 'a list that is refused', { '/api/tags': [401, SAID] }],
  ['ollama', 'a load that fails inside a 200', { '/api/tags': [200, TAGS], '/api/generate': [200, SAID] }],
  ['ollama', 'a pull that fails inside a 200', { '/api/tags': [200, { models: [] }], '/api/pull': [200, SAID] }],
] as const)('%s: %s tells nobody the key', async (kind, _what, answers) => {
  const url = await play(answers);
  const b = await lab.b(url, { ENGINE: kind, ENGINE_API_KEY: KEY, MODEL_NAME: 'm', OLLAMA_MODEL: 'm' });
  await expect.poll(async () => await (await fetch(`${b.url}/health`)).text()).toContain('***');
  for (const path of ['/health', '/ready']) {
    expect(await (await fetch(`${b.url}${path}`)).text()).not.toMatch(SECRET);
  }
  expect(b.stderr()).not.toMatch(SECRET);
});

test('a chat with the chain names the engine that failed; /chain has its fixed text', async () => {
  const gone = [500, { error: { message: 'gone' } }] as const;
  const url = await play({ '/v1/models': [200, LISTED], '/v1/chat/completions': gone });
  const a = await lab.a(url, 'http://127.0.0.1:9', { ENGINE: 'openai', OLLAMA_MODEL: 'm' });
  const chat = { model: 'chain', messages: [{ role: 'user', content: 'hello' }] };
  const { body } = await post(`${a.url}/v1/chat/completions`, chat);
  expect(body.error.message).toContain('engine(A) error: ');
  const chain = await post(`${a.url}/chain`, { prompt: LONG_PROMPT });
  expect(chain.body.detail).toContain('ollama(A) error: ');
});

test("llama-server's timings are the engine's timing", async () => {
  const timings = { prompt_n: 3, prompt_ms: 0.02, predicted_n: 2, predicted_ms: 0.01 };
  const choices = [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 3, completion_tokens: 2 };
  const answer = [200, { choices, usage, timings }] as const;
  const url = await play({ '/v1/models': [200, LISTED], '/v1/chat/completions': answer });
  const b = await lab.b(url, { ENGINE: 'openai', OLLAMA_MODEL: 'm' });
  const { body } = await post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
  expect(body.timing.engine).toMatchObject({ load_seconds: 0, prompt_seconds: expect.any(Number) });
});
