import { connect } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { createLab, type Program, post, request } from './lab.ts';

const lab = createLab();
let a: Program;
beforeEach(async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  a = await lab.a(engine.url, b.url, { HISTORY: 'off' });
});

const MISTAKES = [
  ['POST', '/chat/completions', '/v1/chat/completions', "? The base URL of OpenAI's clients ends in /v1"],
  ['POST', '/completions', '/v1/completions', "? The base URL of OpenAI's clients ends in /v1"],
  ['POST', '/embeddings', '/v1/embeddings', "? The base URL of OpenAI's clients ends in /v1"],
  ['GET', '/models/tinyllama', '/v1/models/tinyllama', "? The base URL of OpenAI's clients ends in /v1"],
  ['POST', '/v1/chat/completions/', '/v1/chat/completions', '?'],
  ['POST', '//v1/chat/completions', '/v1/chat/completions', '?'],
  ['POST', '/v1/v1/chat/completions', '/v1/chat/completions', '?'],
  ['GET', '/v1/models/', '/v1/models', '?'],
  ['GET', '/chain/models', '/v1/models', '?'],
  ['POST', '/chain/chat/completions', '/v1/chat/completions', '?'],
  ['GET', '/openai/models/tinyllama', '/v1/models/tinyllama', '?'],
] as const;

test('the error that OpenAI’s clients show names the path that was meant', async () => {
  for (const [method, path, meant, rest] of MISTAKES) {
    const reply = await request(`${a.url}${path}`, { method, ...(method === 'POST' && { body: '{}' }) });
    const message = `there is no ${path}; did you mean ${meant}${rest}`;
    expect(reply).toMatchObject({ status: 404, body: { error: { message, code: 'not_found' }, detail: message } });
    expect(reply.headers.get('x-request-id')).toMatch(/./);
  }
});

test('what is nowhere below /v1 or /api is told with what there is, in the form of that API', async () => {
  for (const path of ['/v1', '/v1/', '/v1/audio/speech']) {
    const { status, body } = await request(`${a.url}${path}`);
    expect([status, body.error.code]).toEqual([404, 'not_found']);
    expect(body.error.message).toMatch(/^there is no \/v1\S*; there are .*\/v1\/chat\/completions, .*\/v1\/models, /);
    expect(body.error.message).not.toContain('{');
  }
  for (const path of ['/api', '/api/generate', '/api/show', '/api/embed', '/api/ps']) {
    expect(await post(`${a.url}${path}`, {})).toMatchObject({
      status: 404,
      body: { error: `there is no ${path}; of Ollama's API there are /api/chat, /api/tags, /api/version` },
    });
  }
  expect(await request(`${a.url}/nowhere`)).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
  expect((await post(`${a.url}/chain/`, {})).body).toEqual({ detail: 'there is no /chain/; did you mean /chain?' });
  expect((await post(`${a.url}/v1/api/chat`, {})).body.error).toContain('did you mean /api/chat?');
  expect((await post(`${a.url}/api/api/chat`, {})).body.error).toContain('did you mean /api/chat?');
});

test('nobody is led to delete what was not named', async () => {
  const { body } = await request(`${a.url}/chat/completions`, { method: 'DELETE' });
  expect(body).toEqual({ detail: 'Not Found' });
});

test('a model is looked up by the names that chats take; what there is not is told with those that there are', async () => {
  for (const id of ['tinyllama', 'tinyllama:latest', 'tinyllama%3Alatest']) {
    expect(await request(`${a.url}/v1/models/${id}`)).toMatchObject({ status: 200, body: { id: 'tinyllama' } });
  }
  expect(await request(`${a.url}/v1/models/chain`)).toMatchObject({ status: 200, body: { owned_by: 'chainctl' } });
  for (const id of ['chain:latest', 'gpt-4o']) {
    expect(await request(`${a.url}/v1/models/${id}`)).toMatchObject({
      status: 404,
      body: {
        error: { message: `model "${id}" does not exist; there are chain, tinyllama, phi3:mini`, param: 'model' },
      },
    });
  }
});

/** The status of a request for the whole URL, as proxies are asked for it. */
function statusOf(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(a.port, '127.0.0.1');
    socket.setEncoding('utf8').on('error', reject);
    socket.once('data', (text) => {
      socket.destroy();
      resolve(Number(String(text).slice(9, 12)));
    });
    socket.write(`GET http://other.example:81${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  });
}

test('a request for the whole URL is as one for its path, of the page and of history, too', async () => {
  for (const path of ['/', '/page.css', '/v1/conversations', '/v1/conversations?limit=0', '/v1/models', '/live?x=1']) {
    expect([path, await statusOf(path)]).toEqual([path, (await fetch(`${a.url}${path}`)).status]);
  }
});
