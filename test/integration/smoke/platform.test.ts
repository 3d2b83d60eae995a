import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { createChainClient } from '../../../src/services/chain/client.ts';
import { runSmoke } from '../../../src/services/smoke/run-smoke.ts';
import {
  chatAnswer,
  chatEvents,
  type FakeRoutes,
  goodA,
  goodB,
  goodPlatform,
  sse,
  startFake,
  wholeStream,
} from './fake-services.ts';

async function serve(routes: FakeRoutes): Promise<string> {
  const fake = await startFake(routes);
  onTestFinished(fake.close);
  return fake.base;
}

/** Smoke against services that have the API for chats, but for these routes. */
async function smoke(wrong: { readonly a?: FakeRoutes; readonly b?: FakeRoutes } = {}) {
  const a = await serve({ ...goodA, ...wrong.a });
  const b = await serve({ ...goodB, ...wrong.b });
  const { signal } = new AbortController();
  const client = createChainClient({ clock: systemClock, timeoutMs: 5000, signal });
  onTestFinished(() => client.close());
  const deps = { client, clock: systemClock, emit: () => {}, signal };
  const report = await runSmoke({ urls: { a, b }, timeoutSeconds: 5, seed: 7 }, deps);
  const found = (id: string) => report.checks.find((each) => each.id === id);
  return { report, found };
}

test('models, a chat, a stream and refusals of both services are checked', async () => {
  const { report, found } = await smoke();
  expect(report.checks.filter(({ status }) => status !== 'passed')).toEqual([]);
  expect(report.passed).toBe(25);
  expect(found('a-models')?.actual).toBe('200, chain and 1 other');
  expect(found('b-chat')?.actual).toBe('200, m, 3 tokens in, 2 out, ended by stop');
  expect(found('b-stream')?.actual).toMatch(/^200, 2 pieces, the first after \d\.\d{3} s, all after \d\.\d{3} s$/);
  expect(found('a-chat-unknown-model')?.actual).toBe('404: there is no model "no-such-model"');
});

test('services that are older have none of it, which is no fault, and is said', async () => {
  const none: FakeRoutes = { 'GET /v1/models': () => [404, { detail: 'Not Found' }] };
  const { report, found } = await smoke({ b: none });
  expect(report).toMatchObject({ failed: 0, skipped: 6, passed: 19 });
  expect(found('b-models')).toMatchObject({
    status: 'skipped',
    actual: 'B has no /v1/models (404): it is older than the API for chats',
    remedy: expect.stringContaining('deploy it again'),
  });
  expect(found('b-stream')).toMatchObject({ status: 'skipped', actual: 'B has no /v1/models' });
});

test.each([500, 401])(
  'a list of models that is refused with %i is a fault, and the rest is checked all the same',
  async (status) => {
    const { report, found } = await smoke({ b: { 'GET /v1/models': () => [status, { detail: 'no' }] } });
    expect(found('b-models')?.status).toBe('failed');
    expect(report).toMatchObject({ failed: 1, skipped: 0 });
  },
);

const chats = (
  answer: (body: Readonly<Record<string, unknown>>) => readonly [number, unknown] | undefined,
): FakeRoutes => {
  const good = goodPlatform('m')['POST /v1/chat/completions'];
  return {
    'POST /v1/chat/completions': (prompt, call, body) => answer(body) ?? good?.(prompt, call, body) ?? 'hang up',
  };
};
const plain = (answer: unknown, status = 200) =>
  chats(({ stream, model, max_tokens: most }) =>
    stream === true || model !== undefined || typeof most !== 'number' ? undefined : [status, answer],
  );
const streamed = (text: string, status = 200) => chats(({ stream }) => (stream === true ? [status, text] : undefined));
const error = { message: 'out of memory', type: 'server_error', param: null, code: null };

test.each<[string, FakeRoutes, string]>([
  ['b-models', { 'GET /v1/models': () => [200, { object: 'list', data: [] }] }, 'data'],
  ['b-chat', plain({ ...chatAnswer, choices: [] }), 'choices'],
  ['b-chat', plain({ ...chatAnswer, usage: undefined }), 'usage'],
  [
    'b-chat',
    plain({ ...chatAnswer, usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 3 } }),
    'not the sum',
  ],
  [
    'b-chat',
    plain({
      ...chatAnswer,
      choices: [{ index: 0, message: { role: 'assistant', content: ' ' }, finish_reason: 'stop' }],
    }),
    'the text is empty',
  ],
  ['b-chat', plain({ error, detail: 'out of memory' }, 502), '502: out of memory'],
  ['b-stream', streamed(JSON.stringify({ error, detail: 'out of memory' }), 502), '502: out of memory'],
  ['b-stream', streamed(sse([...chatEvents.slice(0, 2), { error }])), 'it reports: out of memory'],
  ['b-stream', streamed(sse(chatEvents.slice(0, 3))), 'it ended without a finish_reason'],
  ['b-stream', streamed(sse(chatEvents)), 'it ended without the usage that was asked for'],
  ['b-stream', streamed(sse(chatEvents.slice(1))), 'the first event has no role'],
  [
    'b-chat-unknown-model',
    chats(({ model }) => (model === undefined ? undefined : [200, chatAnswer])),
    'it was answered',
  ],
  [
    'b-chat-unknown-model',
    chats(({ model }) => (model === undefined ? undefined : [404, { detail: 'no' }])),
    'clients lose the reason',
  ],
  [
    'b-chat-wrong-type',
    chats(({ max_tokens: most }) => (typeof most === 'string' ? [422, { detail: 'no' }] : undefined)),
    'another status',
  ],
  [
    'b-chat-no-messages',
    chats(({ messages }) =>
      Array.isArray(messages) && messages.length === 0 ? [400, { error, detail: error.message }] : undefined,
    ),
    'does not name messages',
  ],
])('%s fails, and says why', async (id, b, why) => {
  const { report, found } = await smoke({ b });
  expect(found(id)).toMatchObject({
    status: 'failed',
    actual: expect.stringContaining(why),
    remedy: expect.any(String),
  });
  expect(report.failed).toBe(1);
});

test('A is only A where the chain is the first of its models', async () => {
  const { found } = await smoke({ a: goodPlatform('m', 'chain') });
  expect(found('a-models')).toMatchObject({ status: 'failed', actual: '200, m and 1 other: "chain" is not the first' });
  expect(wholeStream).toContain('[DONE]');
});
