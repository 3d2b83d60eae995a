import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

const STREAMS = 8;
/** So large that whatever else an open stream costs is nothing beside it. */
const CONVERSATION = 'word '.repeat(200_000);
const CHAT = { messages: [{ role: 'user', content: CONVERSATION }] };
const main = fileURLToPath(new URL('../../../templates/services/service-b/main.ts', import.meta.url));
const probe = new URL('../../../bench/services/heap-probe.ts', import.meta.url).href;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

/** Says one token of each answer, and nothing more. */
async function startEngine(token: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'GET') {
      const openai = { object: 'list', data: [{ id: 'm', object: 'model' }] };
      outgoing.end(JSON.stringify({ ...openai, models: [{ name: 'm', model: 'm', size: 1, details: {} }] }));
      return;
    }
    incoming.resume().once('end', () => outgoing.write(token));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startB(settings: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--import', probe, main], {
    env: { PATH: process.env.PATH, BIND_ADDRESS: '127.0.0.1', PORT: '0', LOG_PATH: 'none', ...settings },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  cleanUp.push(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(said)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, found] = /listening on (http:\/\/\S+:\d+)/.exec(said) ?? [];
      if (found) resolve(found);
    });
  });
  const heap = async (): Promise<number> => {
    child.send('heap');
    return (await once(child, 'message'))[0];
  };
  return { url, heap };
}

/** Opens a stream, and resolves with its first bytes. */
async function open(url: string, asked: object): Promise<IncomingMessage> {
  const outgoing = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } });
  outgoing.end(JSON.stringify({ model: 'm', stream: true, ...asked }));
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  answer.on('error', () => {});
  cleanUp.push(() => answer.destroy());
  await once(answer, 'data');
  return answer;
}

const TOKEN = `data: ${JSON.stringify({ model: 'm', choices: [{ index: 0, text: 'a', delta: { content: 'a' } }] })}\n\n`;
const LINE = `${JSON.stringify({ model: 'm', message: { role: 'assistant', content: 'a' }, response: 'a', done: false })}\n`;

describe.each([
  ['openai', TOKEN],
  ['ollama', LINE],
])('with an engine of kind %s', (ENGINE, token) => {
  test.each([
    ['/v1/chat/completions', CHAT],
    ['/api/chat', CHAT],
    ['/v1/completions', { prompt: CONVERSATION }],
  ])('an open stream of %s keeps nothing of what was asked', async (path, asked) => {
    const engineUrl = await startEngine(token);
    const b = await startB({
      ENGINE,
      ...{ ENGINE_URL: engineUrl, OLLAMA_URL: engineUrl, MODEL_NAME: 'm' },
      ...{ MAX_CONCURRENCY: '100', MAX_QUEUE: '100', MAX_BODY_BYTES: String(4 << 20), MAX_PROMPT_CHARS: '2000000' },
    });
    // The first makes everything that is made once.
    await open(b.url + path, asked);
    const before = await b.heap();
    for (let left = STREAMS; left > 0; left--) await open(b.url + path, asked);
    const each = ((await b.heap()) - before) / STREAMS;
    expect(each).toBeLessThan(CONVERSATION.length / 4);
  });
});
