import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  createLab,
  engineWithGenerationOf,
  expectEngine,
  type Json,
  LONG_PROMPT,
  type Program,
  post,
  request,
} from './lab.ts';

const lab = createLab();
const PROMPT = { prompt: LONG_PROMPT };

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  servers = [];
});

/** A backend whose answers the test writes itself; healthy unless it says otherwise. */
async function backend(listener: RequestListener): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === '/health') outgoing.end('{}');
    else listener(incoming, outgoing);
  });
  server.on('connection', () => connections++);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

async function expectRotation(proxy: Program, expected: Record<string, Json>): Promise<void> {
  await expect
    .poll(
      async () => {
        const { backends } = (await request(`${proxy.url}/-/proxy`)).body;
        return Object.fromEntries(backends.map(({ name, healthy }: Json) => [name, healthy]));
      },
      { timeout: 5000, interval: 20 },
    )
    .toEqual(expected);
}

test('requests go round over the replicas, and each is counted', async () => {
  const engine = await lab.engine();
  const replicas = await Promise.all(['b-1', 'b-2', 'b-3'].map((host) => lab.b(engine.url, { SERVICE_HOST: host })));
  const proxy = await lab.proxy(replicas);
  await expectRotation(proxy, { b1: true, b2: true, b3: true });
  const hosts: string[] = [];
  for (let i = 0; i < 9; i++) hosts.push((await post(`${proxy.url}/invoke`, PROMPT)).body.host);
  expect(hosts.slice(0, 3).sort()).toEqual(['b-1', 'b-2', 'b-3']);
  expect(hosts).toEqual([...hosts.slice(0, 3), ...hosts.slice(0, 3), ...hosts.slice(0, 3)]);
  const { body } = await request(`${proxy.url}/-/proxy`);
  expect(body).toMatchObject({ service: 'proxy', served: 9, draining: false });
  expect(body.backends.map(({ served }: Json) => served)).toEqual([3, 3, 3]);
});

test('a replica that is gone is skipped within the same request; a new one in its place comes back', async () => {
  const engine = await lab.engine();
  const [first, second] = [await lab.b(engine.url), await lab.b(engine.url, { SERVICE_HOST: 'b-2' })];
  // Checked once a minute: it is the requests that find out.
  const proxy = await lab.proxy([first, second], { PROXY_HEALTH_INTERVAL_MS: '60000' });
  await expectRotation(proxy, { b1: true, b2: true });
  first.signal('SIGKILL');
  await first.exited;
  for (let i = 0; i < 6; i++) {
    expect(await post(`${proxy.url}/invoke`, PROMPT)).toMatchObject({ status: 200, body: { host: 'b-2' } });
  }
  await expectRotation(proxy, { b1: false, b2: true });
  const watching = await lab.proxy([first, second]);
  await expectRotation(watching, { b1: false, b2: true });
  await lab.b(engine.url, { PORT: String(first.port) });
  await expectRotation(watching, { b1: true, b2: true });
});

test('no healthy backend: 503 that says why', async () => {
  const engine = await lab.engine({ SIM_MODELS: '' });
  const b = await lab.b(engine.url, { PULL_MODEL: 'false' });
  const proxy = await lab.proxy([b]);
  await expect
    .poll(async () => (await request(`${proxy.url}/-/proxy`)).body.backends[0].reason)
    .toContain('engine does not have model phi3:mini yet');
  const reply = await post(`${proxy.url}/invoke`, PROMPT);
  expect(reply).toMatchObject({
    status: 503,
    body: { detail: 'no healthy backend: b1: health answered 503: engine does not have model phi3:mini yet' },
  });
  expect(reply.headers.get('retry-after')).toBe('1');
  expect(reply.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  const named = { headers: { 'x-request-id': 'mine-1' } };
  const chat = await post(`${proxy.url}/v1/chat/completions`, {}, named);
  expect(chat).toMatchObject({ status: 503, body: { error: { code: 'engine_unavailable' } } });
  expect(chat.headers.get('x-request-id')).toBe('mine-1');
  expect((await request(`${proxy.url}/-/proxy`, named)).headers.get('x-request-id')).toBe('mine-1');
});

test('a draining replica leaves the rotation and loses no request', async () => {
  const engine = await lab.engine(engineWithGenerationOf(200, 64));
  const [first, second] = [await lab.b(engine.url), await lab.b(engine.url, { SERVICE_HOST: 'b-2' })];
  const proxy = await lab.proxy([first, second]);
  await expectRotation(proxy, { b1: true, b2: true });
  const replies: Promise<{ status: number }>[] = [];
  for (let i = 0; i < 20; i++) {
    replies.push(post(`${proxy.url}/invoke`, PROMPT));
    if (i === 6) first.signal('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(await first.exited).toBe(0);
  await expectRotation(proxy, { b1: false, b2: true });
});

test('a replica’s own refusal is passed on unchanged', async () => {
  const engine = await lab.engine(engineWithGenerationOf(60_000, 1));
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '1', MAX_QUEUE: '0' });
  const proxy = await lab.proxy([b]);
  await expectRotation(proxy, { b1: true });
  const caller = new AbortController();
  post(`${proxy.url}/invoke`, PROMPT, { signal: caller.signal }).catch(() => {});
  await expectEngine(engine, { active: 1 });
  const refused = await post(`${proxy.url}/invoke`, PROMPT);
  expect(refused).toMatchObject({ status: 503, body: { detail: 'overloaded: 1 at work and 0 waiting' } });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('x-chainctl-backend')).toBe('b1');
  await expectRotation(proxy, { b1: true });
  caller.abort();
  await expectEngine(engine, { active: 0, cancelled: 1 });
});

test('a backend that breaks: 502 before the answer has begun, a broken connection after', async () => {
  const early = await backend((incoming) => incoming.resume().on('end', () => incoming.socket.destroy()));
  const late = await backend((incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 100 });
    outgoing.write('half', () => incoming.socket.destroy());
  });
  const proxyOfEarly = await lab.proxy([early]);
  await expectRotation(proxyOfEarly, { b1: true });
  expect(await post(`${proxyOfEarly.url}/invoke`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: 'backend b1 failed: connection closed before the answer was complete' },
  });
  const proxyOfLate = await lab.proxy([late]);
  await expectRotation(proxyOfLate, { b1: true });
  await expect(post(`${proxyOfLate.url}/invoke`, PROMPT)).rejects.toThrow();
});

test('passes method, path, query, headers, body and status on, over connections that are kept', async () => {
  const echo = await backend((incoming, outgoing) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      outgoing.writeHead(418, { 'x-custom': 'yes' }).end(JSON.stringify({ method, url, headers, text }));
    });
  });
  const proxy = await lab.proxy([echo], { PROXY_HEALTH_INTERVAL_MS: '60000' });
  await expectRotation(proxy, { b1: true });
  for (let i = 0; i < 5; i++) {
    const reply = await request(`${proxy.url}/a/b?c=d`, { method: 'PUT', body: 'hello', headers: { 'x-mine': '1' } });
    expect(reply).toMatchObject({ status: 418, body: { method: 'PUT', url: '/a/b?c=d', text: 'hello' } });
    expect(reply.body.headers).toMatchObject({ 'x-mine': '1', 'content-length': '5', 'x-forwarded-for': '127.0.0.1' });
    expect(reply.headers.get('x-custom')).toBe('yes');
  }
  // One for the health check, one for all five requests.
  expect(echo.connections()).toBe(2);
});

test('SIGTERM drains the proxy too', async () => {
  const engine = await lab.engine(engineWithGenerationOf(400, 1));
  const b = await lab.b(engine.url);
  const proxy = await lab.proxy([b]);
  await expectRotation(proxy, { b1: true });
  const invoke = post(`${proxy.url}/invoke`, PROMPT);
  await expectEngine(engine, { active: 1 });
  proxy.signal('SIGTERM');
  expect((await invoke).status).toBe(200);
  expect(await proxy.exited).toBe(0);
});
