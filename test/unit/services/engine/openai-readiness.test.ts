import { afterEach, expect, test } from 'vitest';
import { OpenAiReadiness } from '../../../../templates/services/common/engine/openai-readiness.ts';
import { OwnModel } from '../../../../templates/services/common/engine/own-model.ts';
import {
  UpstreamError,
  type UpstreamReply,
  type UpstreamRequest,
} from '../../../../templates/services/common/upstream.ts';
import { engineSettings } from '../../../support/scripted-engine.ts';

/** An engine in memory; what a test changes in it, it does at once. */
class FakeEngine {
  now = 1_000_000;
  models: unknown = { data: [{ id: 'm', owned_by: 'me' }] };
  modelsStatus = 200;
  healthStatus = 200;
  isDown = false;
  chats: Record<string, unknown>[] = [];
  asked: string[] = [];
  chatReply: () => Promise<UpstreamReply> | UpstreamReply = () => reply(200, { choices: [{}] });

  async request({ path, body }: UpstreamRequest): Promise<UpstreamReply> {
    if (this.isDown) throw new UpstreamError('network', 'connect ECONNREFUSED', true);
    this.asked.push(path);
    if (path === '/v1/models') return reply(this.modelsStatus, this.models);
    if (path === '/health') return reply(this.healthStatus, {});
    this.chats.push(JSON.parse(body ?? ''));
    return this.chatReply();
  }

  close() {}
}

function reply(status: number, value: unknown): UpstreamReply {
  return { status, headers: {}, text: JSON.stringify(value) };
}

const open: OpenAiReadiness[] = [];
afterEach(() => {
  for (const readiness of open.splice(0)) readiness.close();
});

function watch(engine: FakeEngine, { model = 'm', preload = true, listed = [] as string[] } = {}) {
  const own = new OwnModel(model);
  const settings = engineSettings('http://unused', { kind: 'openai', model, preload, listed });
  const readiness = new OpenAiReadiness(settings, own, engine, () => engine.now);
  open.push(readiness);
  const after = async (ms = 1000) => {
    engine.now += ms;
    const { ready, reason } = await readiness.current();
    expect(ready).toBe(reason === undefined);
    return reason ?? 'ready';
  };
  return { after, readiness, own };
}

test('ready when the model is listed and has answered one chat of one token; asked once', async () => {
  const engine = new FakeEngine();
  const { after } = watch(engine);
  expect(await after()).toBe('ready');
  expect(await after()).toBe('ready');
  expect(engine.chats).toEqual([{ model: 'm', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 }]);
  // Only llama-server is asked for more: the health of others may ask their models.
  expect(engine.asked).not.toContain('/health');
});

test('PRELOAD=false: listed is enough', async () => {
  const engine = new FakeEngine();
  expect(await watch(engine, { preload: false }).after()).toBe('ready');
  expect(engine.chats).toEqual([]);
});

test('llama-server lists its model while it still loads it', async () => {
  const engine = new FakeEngine();
  engine.models = { data: [{ id: 'm', owned_by: 'llamacpp' }] };
  engine.healthStatus = 503;
  const { after } = watch(engine);
  expect(await after()).toBe('engine is loading model m');
  engine.healthStatus = 200;
  expect(await after()).toBe('ready');
});

test('or refuses everything meanwhile', async () => {
  const engine = new FakeEngine();
  engine.modelsStatus = 503;
  engine.models = { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } };
  const { after, readiness } = watch(engine);
  expect(await after()).toBe('engine is loading model m');
  expect((await readiness.current()).unreachable).toBeUndefined();
});

test('a model that is not listed is named, and what there is', async () => {
  const engine = new FakeEngine();
  engine.models = { data: ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id })) };
  const { after } = watch(engine);
  expect(await after()).toBe('engine does not list model m; it lists a, b, c, d, e, ...');
  engine.models = { data: [] };
  expect(await after()).toBe('engine lists no model');
});

test('without a name the first one is the own model, also when that changes', async () => {
  const engine = new FakeEngine();
  const { after, own } = watch(engine, { model: '' });
  expect(own.name).toBe('');
  expect(await after()).toBe('ready');
  expect(own.name).toBe('m');
  engine.models = { data: [{ id: 'n' }] };
  expect(await after()).toBe('ready');
  expect([own.name, engine.chats.map(({ model }) => model)]).toEqual(['n', ['m', 'n']]);
});

test('the first one of those that MODELS names', async () => {
  const engine = new FakeEngine();
  engine.models = { data: [{ id: 'embedder' }, { id: 'm' }] };
  const { after, own } = watch(engine, { model: '', listed: ['m'] });
  expect([await after(), own.name]).toEqual(['ready', 'm']);
});

test('a warm-up that takes its time, fails, and is tried again after a pause', async () => {
  const engine = new FakeEngine();
  let fail = (_error: Error) => {};
  engine.chatReply = () => new Promise((_resolve, reject) => (fail = reject));
  const { after, readiness } = watch(engine);
  expect(await after()).toBe('engine is warming up model m');
  expect(await after()).toBe('engine is warming up model m');
  expect(engine.chats).toHaveLength(1);
  fail(new Error('out of\u001b[2J memory'));
  const reason = async () => (await readiness.current(0)).reason;
  const first = 'engine has not answered for model m (last attempt: out of [2J memory); the next attempt is in 1 s';
  await expect.poll(reason).toBe(first);
  expect(engine.chats).toHaveLength(1);
  engine.chatReply = () => reply(500, { error: { message: 'no' } });
  expect(await after(1000)).toBe('engine has not answered for model m (last attempt: no); the next attempt is in 2 s');
  engine.chatReply = () => reply(200, { choices: [{}] });
  expect(await after(5000)).toBe('ready');
});

test('an engine that comes back is warmed again: seen by a probe, or by a request that broke', async () => {
  const engine = new FakeEngine();
  const { after, readiness } = watch(engine);
  await after();
  engine.isDown = true;
  expect(await after()).toBe('engine cannot be reached: connect ECONNREFUSED');
  engine.isDown = false;
  expect(await after()).toBe('ready');
  expect(engine.chats).toHaveLength(2);
  readiness.lost();
  expect(await after()).toBe('ready');
  expect(engine.chats).toHaveLength(3);
});

test.each([
  [500, { error: 'oops' }, 'engine answered /v1/models with status 500: oops'],
  [401, { error: { message: 'no key' } }, 'engine answered /v1/models with status 401: no key'],
  [200, { models: [] }, 'engine answered /v1/models with something that is no list of models'],
])('%d %o cannot be used', async (status, body, reason) => {
  const engine = new FakeEngine();
  engine.modelsStatus = status;
  engine.models = body;
  const { after, readiness } = watch(engine);
  expect(await after()).toBe(reason);
  expect((await readiness.current()).unreachable).toBe(true);
});

test.each([
  ['an Ollama', 'fp_ollama', {}, 1],
  ['a simulation', 'fp_ollama', { 'x-chainctl-simulated': '1' }, 0],
  ['another engine', 'b11434', {}, 0],
])('says once that %s betrays itself, or not', async (_who, system_fingerprint, headers, times) => {
  const engine = new FakeEngine();
  engine.chatReply = () => ({ ...reply(200, { choices: [{}], system_fingerprint }), headers });
  const lines: string[] = [];
  const settings = engineSettings('http://unused', { kind: 'openai', model: 'm', preload: true });
  const warn = (line: string) => lines.push(line);
  const readiness = new OpenAiReadiness(settings, new OwnModel('m'), engine, () => engine.now, warn);
  open.push(readiness);
  expect(await readiness.current(0)).toMatchObject({ ready: true });
  readiness.lost();
  expect(await readiness.current(0)).toMatchObject({ ready: true });
  expect(engine.chats).toHaveLength(2);
  expect(lines).toHaveLength(times);
  for (const line of lines) expect(line).toContain('ENGINE=ollama refuses them');
});
