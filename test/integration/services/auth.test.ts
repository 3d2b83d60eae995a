import { mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLab, expectHealth, LONG_PROMPT, type Program, post } from './lab.ts';

const lab = createLab();
const TOKEN = 'the-token-of-this-test';
const BEARER = { headers: { authorization: `Bearer ${TOKEN}` } };

test('A and B let in who has the token; A sends it on, and the proxy passes it', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url, { AUTH_TOKEN: TOKEN });
  const proxy = await lab.proxy([b]);
  const a = await lab.a(engine.url, proxy.url, { AUTH_TOKEN: TOKEN });
  await expect.poll(async () => (await post(`${proxy.url}/invoke`, {}, BEARER)).status).toBe(400);
  const reply = await post(`${a.url}/chain`, { prompt: LONG_PROMPT }, BEARER);
  expect(reply.status).toBe(200);
  expect(reply.body.b_result.host).toBe('b-1');
  for (const url of [`${a.url}/chain`, `${b.url}/invoke`, `${proxy.url}/invoke`]) {
    const refused = await post(url, { prompt: LONG_PROMPT });
    expect(refused).toMatchObject({ status: 401, body: { detail: 'a bearer token is required' } });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    const wrong = await post(url, { prompt: LONG_PROMPT }, { headers: { authorization: 'Bearer something-else' } });
    expect(wrong).toMatchObject({ status: 401, body: { detail: 'the bearer token is wrong' } });
  }
});

test('an A whose token B does not take says so', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url, { AUTH_TOKEN: TOKEN });
  const a = await lab.a(engine.url, b.url);
  const reply = await post(`${a.url}/chain`, { prompt: LONG_PROMPT });
  expect(reply).toMatchObject({ status: 502, body: { detail: 'remote(B) error: a bearer token is required' } });
});

test('refusals are counted and not logged; health stays open', async () => {
  const log = join(mkdtempSync(join(tmpdir(), 'chainctl-auth-')), 'requests.jsonl');
  const engine = await lab.engine();
  const b = await lab.b(engine.url, { AUTH_TOKEN: TOKEN, LOG_PATH: log });
  for (let n = 0; n < 3; n++) await post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
  await post(`${b.url}/invoke`, { prompt: LONG_PROMPT }, BEARER);
  await expectHealth(b, 200, { ok: true, auth: 'token', unauthorized: 3 });
  await expect.poll(() => readFileSync(log, 'utf8').trim().split('\n').length).toBe(1);
  expect(JSON.parse(readFileSync(log, 'utf8'))).toMatchObject({ status: 200 });
  expect(readFileSync(log, 'utf8') + b.stderr()).not.toContain(TOKEN);
});

test('a refused body is not asked for, and one that comes all the same leaves the connection usable', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url, { AUTH_TOKEN: TOKEN });
  const body = JSON.stringify({ prompt: LONG_PROMPT });
  const head = `POST /invoke HTTP/1.1\r\nhost: b\r\ncontent-length: ${body.length}\r\n`;
  const expecting = await exchange(b, `${head}expect: 100-continue\r\n\r\n`, /401/);
  expect(expecting).not.toContain('100 Continue');
  const twice = await exchange(b, `${head}\r\n${body}${head}authorization: Bearer ${TOKEN}\r\n\r\n${body}`, /200 OK/);
  expect(twice).toMatch(/^HTTP\/1.1 401 [\s\S]*HTTP\/1.1 200 OK/);
});

/** Sends bytes and reads until they contain what is waited for. */
function exchange({ port }: Program, bytes: string, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (until.test(text)) {
        socket.destroy();
        resolve(text);
      }
    });
    socket.on('error', reject).on('close', () => reject(new Error(`closed after: ${text}`)));
  });
}
