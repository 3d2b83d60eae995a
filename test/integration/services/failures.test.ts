import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createLab, expectHealth, LONG_PROMPT, post, request } from './lab.ts';

const lab = createLab();
const CLOSED_PORT = 'http://127.0.0.1:1';
const PROMPT = { prompt: LONG_PROMPT };

let stranger: Server | undefined;
afterEach(() => {
  stranger?.close();
  stranger?.closeAllConnections();
  stranger = undefined;
});

/** Something else where B should be. */
async function startStranger(status: number, body: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body));
  });
  stranger = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function temporaryLog(): string {
  return join(mkdtempSync(join(tmpdir(), 'chainctl-log-')), 'requests.jsonl');
}

test('engine down: 502 from B, 502 with the stage in the log from A', async () => {
  const log = temporaryLog();
  const b = await lab.b(CLOSED_PORT);
  const a = await lab.a(CLOSED_PORT, b.url, { LOG_PATH: log });
  expect(await post(`${b.url}/invoke`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: expect.stringMatching(/^ollama error: .*ECONNREFUSED/) },
  });
  expect(await post(`${a.url}/chain`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: expect.stringMatching(/^ollama\(A\) error: .*ECONNREFUSED/) },
  });
  await expect.poll(() => readFileSync(log, 'utf8')).toContain('\n');
  expect(JSON.parse(readFileSync(log, 'utf8'))).toEqual({
    service: 'a',
    status: 502,
    stage: 'ollama_a',
    error: expect.stringContaining('ollama(A) error: '),
    ts: expect.stringMatching(/Z$/),
    request_id: expect.any(String),
  });
});

test.each([
  ['reset', 'connection closed|ECONNRESET'],
  ['garbage', 'answered with something that is not a generation'],
  ['error', 'simulated failure of the model runner'],
])('engine that answers with %s: 502, and the next request is served', async (mode, why) => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  await post(`${engine.url}/sim/faults`, { mode, count: 1 });
  const reply = await post(`${b.url}/invoke`, PROMPT);
  expect(reply).toMatchObject({ status: 502, body: { detail: expect.stringMatching(`^ollama error: .*(${why})`) } });
  expect((await post(`${b.url}/invoke`, PROMPT)).status).toBe(200);
});

test.each([
  [500, '{"error":{"message":"out of memory","type":"api_error"}}', 'out of memory'],
  [500, '{"error":"llama runner\\nterminated \\u001b[31m"}', 'llama runner terminated [31m'],
  [503, '<h1>busy</h1>', 'answered with status 503: <h1>busy</h1>'],
  [200, '{"error":"model runner has unexpectedly stopped"}', 'model runner has unexpectedly stopped'],
])('engine that answers %i %s: its own words reach the caller and the readiness', async (status, text, why) => {
  const engine = await startStranger(status, text);
  const b = await lab.b(engine);
  const a = await lab.a(engine, b.url);
  expect(await post(`${b.url}/invoke`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: `ollama error: ${why}` },
  });
  expect((await post(`${a.url}/chain`, PROMPT)).body).toEqual({ detail: `ollama(A) error: ${why}` });
  const said = status === 200 ? 'something that is no list of models' : why.replace('answered with status 503: ', '');
  await expectHealth(b, 503, { reason: expect.stringContaining(said) });
});

test('engine without the model: 502 with what it said', async () => {
  const engine = await lab.engine({ SIM_MODELS: '' });
  const b = await lab.b(engine.url);
  expect(await post(`${b.url}/invoke`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: "ollama error: model 'phi3:mini' not found" },
  });
});

test('engine that hangs: 504 in time, and health answers quickly with the reason', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url, { OLLAMA_TIMEOUT_SECONDS: '0.3' });
  const a = await lab.a(engine.url, b.url, { OLLAMA_TIMEOUT_SECONDS: '0.3' });
  await expectHealth(b, 200, { ok: true });
  await post(`${engine.url}/sim/faults`, { mode: 'hang-all' });
  expect(await post(`${b.url}/invoke`, PROMPT)).toMatchObject({
    status: 504,
    body: { detail: 'ollama error: no answer within 0.3 s' },
  });
  expect(await post(`${a.url}/chain`, PROMPT)).toMatchObject({
    status: 504,
    body: { detail: 'ollama(A) error: no answer within 0.3 s' },
  });
  await expectHealth(b, 503, { ok: false, reason: 'engine does not answer: no answer within 0.8 s' });
  const health = await request(`${b.url}/health`);
  expect(health.ms).toBeLessThan(1500);
  await request(`${engine.url}/sim/faults`, { method: 'DELETE' });
  await expectHealth(b, 200, { ok: true });
});

test("the model of B times out: A answers 504 with the stage 'remote_b'", async () => {
  const log = temporaryLog();
  const engineA = await lab.engine();
  const engineB = await lab.engine();
  await post(`${engineB.url}/sim/faults`, { mode: 'hang' });
  const b = await lab.b(engineB.url, { OLLAMA_TIMEOUT_SECONDS: '0.2' });
  const a = await lab.a(engineA.url, b.url, { LOG_PATH: log });
  expect(await post(`${a.url}/chain`, PROMPT)).toMatchObject({
    status: 504,
    body: { detail: 'remote(B) error: ollama error: no answer within 0.2 s' },
  });
  await expect.poll(() => readFileSync(log, 'utf8')).toContain('"stage":"remote_b"');
});

test('B down: 502; B that does not answer: 504', async () => {
  const engine = await lab.engine();
  const a = await lab.a(engine.url, CLOSED_PORT);
  expect(await post(`${a.url}/chain`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: expect.stringMatching(/^remote\(B\) error: .*ECONNREFUSED/) },
  });
  const b = await lab.b(engine.url, { MIN_PROCESS_SECONDS: '10' });
  // A limit on B's side of A is what B is told too, and B will not begin what it cannot finish.
  const impatient = await lab.a(engine.url, b.url, { REMOTE_B_TIMEOUT_SECONDS: '0.2' });
  expect(await post(`${impatient.url}/chain`, PROMPT)).toMatchObject({ status: 504 });
});

test.each([
  [200, '{"service": "b", "llm_t', "answered with something that is not B's answer"],
  [200, '[]', "answered with something that is not B's answer"],
  [200, '<html>', "answered with something that is not B's answer"],
  [500, 'oops', 'status 500'],
  [503, '{"detail": "no healthy backend: b1: down"}', 'no healthy backend: b1: down'],
])('B that answers %i %s: 502', async (status, text, why) => {
  const engine = await lab.engine();
  const a = await lab.a(engine.url, await startStranger(status, text));
  expect(await post(`${a.url}/chain`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: `remote(B) error: ${why}` },
  });
});

test('figures of an engine that cannot be are not handed on', async () => {
  const engine = await startStranger(
    200,
    '{"response":"x","total_duration":1e300,"eval_count":1.5,"prompt_eval_count":-3,"load_duration":"7"}',
  );
  const b = await lab.b(engine);
  const { status, body } = await post(`${b.url}/invoke`, PROMPT);
  expect(status).toBe(200);
  expect(body).toMatchObject({ llm_text: 'x', usage: { prompt_eval_count: 0, eval_count: 0 } });
  expect(body.timing.engine).toBeUndefined();
});
