import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as ask } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, type Program, post, request } from './lab.ts';

const lab = createLab();
const folders: string[] = [];
const makeFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainctl-kept-'));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function put(a: Program, path: string, body: unknown) {
  return request(`${a.url}/v1/conversations/${path}`, { method: 'PUT', body: JSON.stringify(body) });
}

/** A chat whose answer is kept, read up to its first words. */
async function streamed(a: Program, turn: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await fetch(`${a.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-chainctl-conversation': 'conversation-1', 'x-chainctl-turn': turn },
    body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'Secret question' }] }),
  });
  expect(response.status).toBe(200);
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let text = '';
  while (!/"content":"[^"]/.test(text)) text += new TextDecoder().decode((await reader.read()).value);
  return reader;
}

describe('conversations that A keeps', () => {
  test('are written when an answer ends, also by SIGTERM in its midst, and are there after a new start', async () => {
    const folder = makeFolder();
    const env = { HISTORY_PATH: join(folder, 'history.db'), LOG_PATH: join(folder, 'a.jsonl'), DRAIN_SECONDS: '0.2' };
    const engine = await lab.engine(engineWithGenerationOf(20_000, 4));
    const b = await lab.b(engine.url);
    const a = await lab.a(engine.url, b.url, env);
    expect(await put(a, 'conversation-1/turns/turn-0001', { question: 'Secret question' })).toMatchObject({
      status: 200,
      body: { object: 'conversation.turn', position: 1, state: 'pending' },
    });
    const reader = await streamed(a, 'turn-0001');
    a.signal('SIGTERM');
    await reader.read().catch(() => {});
    expect(await a.exited).toBe(0);
    const again = await lab.a(engine.url, b.url, env);
    const turns = await request(`${again.url}/v1/conversations/conversation-1/turns`);
    expect(turns.body.data).toMatchObject([
      { question: 'Secret question', answer: expect.stringMatching(/./), position: 1 },
    ]);
    expect(['stopped', 'failed']).toContain(turns.body.data[0].state);
    expect(await request(`${again.url}/v1/conversations/conversation-1/turns/turn-0001`)).toMatchObject({
      body: { question: 'Secret question' },
    });
    expect(readFileSync(join(folder, 'a.jsonl'), 'utf8') + a.stderr()).not.toContain('Secret');
  });

  test('cost no chat where they cannot be kept', async () => {
    const engine = await lab.engine();
    const b = await lab.b(engine.url);
    const a = await lab.a(engine.url, b.url, { HISTORY_PATH: '/proc/nowhere/history.db' });
    const reader = await streamed(a, 'turn-0001');
    for (let done = false; !done; ) ({ done } = await reader.read());
    expect(await put(a, 'conversation-1/turns/turn-0001', { question: 'x' })).toMatchObject({
      status: 503,
      body: { error: { code: 'history_unavailable', message: expect.stringMatching(/^history is not kept: /) } },
    });
    expect(a.stderr().match(/history is not kept, chats go on without it: /g)).toHaveLength(1);
    const off = await lab.a(engine.url, b.url, { HISTORY: 'off' });
    expect(await request(`${off.url}/v1/conversations`)).toMatchObject({
      status: 404,
      body: { error: { code: 'history_off' } },
    });
    expect((await post(`${off.url}/v1/chat/completions`, { messages: [{ role: 'user', content: 'Hi' }] })).status).toBe(
      200,
    );
  });

  test('are asked for as the table says, and everything else is refused with its field', async () => {
    const engine = await lab.engine();
    const b = await lab.b(engine.url);
    const a = await lab.a(engine.url, b.url, {
      HISTORY_PATH: join(makeFolder(), 'history.db'),
      MAX_BODY_BYTES: '10000',
    });
    const get = (path: string, init?: RequestInit) => request(`${a.url}/v1/conversations${path}`, init);
    for (let at = 1; at <= 3; at++) await put(a, `conversation-${at}/turns/turn-0001`, { question: `Question ${at}` });
    const first = await get('?limit=2');
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.body).toMatchObject({ data: [{ title: 'Question 3' }, { title: 'Question 2' }], has_more: true });
    expect((await get(`?limit=2&before=${first.body.next}`)).body).toMatchObject({
      ...{ data: [{ title: 'Question 1', turns: 1 }], has_more: false, next: null },
    });
    expect(await get('/conversation-2', { method: 'DELETE' })).toMatchObject({ body: { deleted: true } });
    expect(await put(a, 'conversation-2/turns/turn-0002', { question: 'x' })).toMatchObject({
      status: 410,
      body: { error: { code: 'conversation_deleted' } },
    });
    for (const [path, status, what] of [
      ['?limit=0', 400, 'limit'],
      ['?limit=1e2', 400, 'limit'],
      ['?before=x', 400, 'before'],
      ['/short', 400, 'conversation'],
      ['/..%2f..%2fetc', 400, 'conversation'],
      ['/conversation-9', 404, undefined],
      ['/conversation-1/turns?after=-1', 400, 'after'],
      ['/conversation-1/turns/turn-0009', 404, undefined],
      ['/conversation-1/other', 404, undefined],
    ] as const) {
      const { status: got, body } = await get(path);
      expect([path, got, body.error.param]).toEqual([path, status, what ?? null]);
    }
    expect(await get('', { method: 'POST', body: '{}' })).toMatchObject({ status: 405 });
    expect((await get('', { method: 'POST', body: '{}' })).headers.get('allow')).toBe('GET, HEAD, DELETE');
    expect(await put(a, 'conversation-1/turns/turn-0002', 'x'.repeat(20_000))).toMatchObject({ status: 413 });
    const path = `${a.url}/v1/conversations/conversation-1/turns/turn-0002`;
    expect(await request(path, { method: 'PUT', body: '{' })).toMatchObject({ status: 400 });
    // What a script asks whose variable is empty.
    expect(await get('/', { method: 'DELETE' })).toMatchObject({ status: 404 });
    expect(await get('', { method: 'DELETE' })).toMatchObject({ body: { deleted: 2 } });
    expect(await get('')).toMatchObject({ body: { data: [] } });
  });

  test('have the question of a chat that names its turn by headers alone, whole or streamed', async () => {
    const engine = await lab.engine();
    const b = await lab.b(engine.url);
    const a = await lab.a(engine.url, b.url, { HISTORY_PATH: join(makeFolder(), 'history.db') });
    for (const [turn, stream] of [
      ['turn-0001', true],
      ['turn-0002', false],
    ] as const) {
      const answer = await fetch(`${a.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'x-chainctl-conversation': 'conversation-1', 'x-chainctl-turn': turn },
        body: JSON.stringify({ stream, messages: [{ role: 'user', content: `Question of ${turn}` }] }),
      });
      expect(answer.status).toBe(200);
      await answer.text();
    }
    await expect
      .poll(async () => (await request(`${a.url}/v1/conversations/conversation-1/turns`)).body.data)
      .toMatchObject([
        { question: 'Question of turn-0001', answer: expect.stringMatching(/./), state: 'complete' },
        { question: 'Question of turn-0002', answer: expect.stringMatching(/./), state: 'complete' },
      ]);
    expect((await request(`${a.url}/v1/conversations`)).body.data).toMatchObject([
      { title: 'Question of turn-0001', turns: 2 },
    ]);
  });

  test('are neither shown to nor written by pages of other origins, nor under a name that may be anybody’s', async () => {
    const engine = await lab.engine();
    const b = await lab.b(engine.url);
    const a = await lab.a(engine.url, b.url, {
      HISTORY_PATH: join(makeFolder(), 'history.db'),
      HISTORY_HOSTS: 'chat.example',
      CORS_ORIGINS: 'https://may.example',
    });
    await put(a, 'conversation-1/turns/turn-0001', { question: 'Secret' });
    const asked = async (path: string, headers: Record<string, string>, body?: string) => {
      const answer = await raw(a.url + path, { ...headers, ...(body !== undefined && { method: 'POST' }) }, body);
      return [answer.status, JSON.parse(answer.text).error?.code ?? 'none'];
    };
    const chat = JSON.stringify({ max_tokens: 2, messages: [{ role: 'user', content: 'Hi' }] });
    const turn = { 'x-chainctl-conversation': 'conversation-1', 'x-chainctl-turn': 'turn-0002' };
    const evil = { origin: 'http://evil.example' };
    const may = { origin: 'https://may.example' };
    expect(await asked('/v1/conversations', {})).toEqual([200, 'none']);
    expect(await asked('/v1/conversations', { host: 'chat.example' })).toEqual([200, 'none']);
    for (const path of ['/v1/conversations', '/v1/conversations/conversation-1/turns']) {
      expect(await asked(path, { host: 'evil.example:8001' })).toEqual([403, 'host_not_allowed']);
      expect(await asked(path, evil)).toEqual([403, 'origin_not_allowed']);
      expect(await asked(path, may)).toEqual([403, 'origin_not_allowed']);
    }
    // Pages that are named may chat, but not into the conversations; others may not even have it work.
    expect(await asked('/v1/chat/completions', may, chat)).toEqual([200, 'none']);
    expect(await asked('/v1/chat/completions', { ...may, ...turn }, chat)).toEqual([403, 'origin_not_allowed']);
    expect(await asked('/v1/chat/completions', { ...evil, 'content-type': 'text/plain' }, chat)).toEqual([
      403,
      'origin_not_allowed',
    ]);
    expect((await raw(`${b.url}/invoke`, { ...evil, method: 'POST' }, '{}')).status).toBe(403);
    // The own page under such a name chats on, and its chats are not kept.
    expect(await asked('/v1/chat/completions', { host: 'evil.example', ...turn }, chat)).toEqual([200, 'none']);
    expect((await request(`${a.url}/v1/conversations/conversation-1/turns`)).body.data).toHaveLength(1);
  });
});

/** Headers as they are: `fetch` sets its own host. */
function raw(url: string, { method = 'GET', ...headers }: Record<string, string>, body?: string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = ask(url, { method, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
