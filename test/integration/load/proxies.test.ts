import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { createChainClient } from '../../../src/services/chain/client.ts';
import { proxyFor } from '../../../src/services/dial/proxy.ts';
import { hostProbe } from '../../../src/services/scaling/host-probe.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { runOrder } from './raw-server.ts';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await TestAuthority.open();
});
afterAll(() => authority.close());

/** So many requests, each after the answer to the one before, however long that takes. */
const oneByOne = { concurrency: 1, requests: 30, durationMs: 60_000, timeoutMs: 60_000 };

const NAMES = 'DNS:localhost,DNS:target.test,DNS:proxy.test,IP:127.0.0.1';

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy that knows names which nobody else does: all of them mean this machine. */
async function proxyServer({ tls = false, refuse = '' } = {}) {
  const seen: { readonly line: string; readonly authorization: string | undefined }[] = [];
  const note = ({ method, url, headers }: IncomingMessage) =>
    seen.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'] });
  const server = tls ? createServer(await authority.issue(NAMES)) : createHttpServer();
  server.on('request', (request: IncomingMessage, response) => {
    note(request);
    request.resume().on('end', () => {
      response.setHeader('content-length', 14);
      response.end('{"host":"b-1"}');
    });
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    note(request);
    if (refuse !== '') {
      socket.end(`HTTP/1.1 ${refuse}\r\n\r\n`);
      return;
    }
    const port = Number(request.url?.split(':').at(-1));
    const there = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(there).pipe(socket);
    });
    socket.on('error', () => there.destroy());
    there.on('error', () => socket.destroy());
  });
  return { seen, at: `${tls ? 'https://proxy.test' : 'http://me:secret@127.0.0.1'}:${await listen(server)}` };
}

/** The name of a proxy that is known here, too. */
const here = (proxy: string) => proxy.replace('proxy.test', 'localhost');

/** The load, and a request as probes make it, by the rules of the environment. */
async function through(url: string, proxy: string) {
  const proxyOf = (address: string) => proxyFor(address, { http_proxy: proxy, https_proxy: proxy });
  const way = { ca: await authority.text() };
  const client = createChainClient({
    clock: systemClock,
    timeoutMs: 5000,
    signal: new AbortController().signal,
    proxyOf,
    ...way,
  });
  try {
    const found = proxyOf(url);
    const ran = await runOrder(url, { ...oneByOne, ...way, ...(found === undefined ? {} : { proxy: found }) });
    return {
      classes: ran.classes,
      error: ran.records[0]?.error,
      reply: await client.raw({ url, method: 'POST', body: '{}' }),
    };
  } finally {
    await client.close();
  }
}

const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;

describe.each([false, true])('a proxy over TLS: %s', (tls) => {
  test('of an http target is told the whole address', async () => {
    const { seen, at } = await proxyServer({ tls });
    const { classes, reply } = await through('http://target.test:81/x?y=1', here(at));
    expect(classes).toEqual({ ok: 30 });
    expect(reply).toMatchObject({ kind: 'raw', status: 200 });
    const expected = { line: 'POST http://target.test:81/x?y=1', authorization: tls ? undefined : basic };
    expect(seen).toHaveLength(31);
    for (const each of seen) expect(each).toEqual(expected);
  });

  test('of an https target makes a tunnel, and sees no request', async () => {
    const target = createServer(await authority.issue(NAMES), (request, response) =>
      request.resume().on('end', () => {
        const { 'proxy-authorization': leaked } = request.headers;
        response.end(leaked === undefined ? '{"host":"b-1"}' : leaked);
      }),
    );
    const port = await listen(target);
    const { seen, at } = await proxyServer({ tls });
    const { classes, reply } = await through(`https://target.test:${port}/x`, here(at));
    expect(classes).toEqual({ ok: 30 });
    expect(reply).toMatchObject({ kind: 'raw', text: '{"host":"b-1"}' });
    for (const each of seen) {
      expect(each).toEqual({ line: `CONNECT target.test:${port}`, authorization: tls ? undefined : basic });
    }
  });
});

test('hosts of a group are asked in the same way as the load goes: proxy, and authorities', async () => {
  const { at, seen } = await proxyServer();
  const tls = createServer(await authority.issue(NAMES), (_, response) => response.end('{"host":"b-2"}'));
  const secure = `https://target.test:${await listen(tls)}`;
  const way = {
    proxyOf: (url: string) => proxyFor(url, { http_proxy: at, https_proxy: at }),
    ca: await authority.text(),
  };
  const { signal } = new AbortController();
  expect(await hostProbe('http://target.test/invoke', way)(signal)).toMatchObject({
    ...{ hosts: [{ host: 'b-1', answers: 6 }], unanswered: 0 },
  });
  expect(await hostProbe(secure, way)(signal)).toMatchObject({ hosts: [{ host: 'b-2', answers: 6 }], unanswered: 0 });
  expect(seen.map(({ line }) => line.split(' ')[0])).toEqual([...Array(6).fill('GET'), ...Array(6).fill('CONNECT')]);
  expect(seen.every(({ authorization }) => authorization !== undefined)).toBe(true);
});

test.each([
  ['407 Proxy Authentication Required', 'proxy-407'],
  ['403 Forbidden', 'proxy-403'],
])('a proxy that refuses a tunnel: %s', async (refuse, name) => {
  const { at } = await proxyServer({ refuse });
  const { classes, error, reply } = await through('https://target.test:1/x', at);
  expect(classes).toEqual({ [name]: 30 });
  expect(error).toContain(`refuses a tunnel: ${refuse} (to target.test:1)`);
  expect(error).not.toContain('secret');
  expect(reply).toMatchObject({ kind: 'transport', code: 'proxy', reason: expect.stringContaining(refuse) });
});

test.each([
  ['SSH-2.0-OpenSSH\r\n\r\n', 'proxy-answer'],
  ['HTTP/1.1 200', 'proxy-closed'],
])('what is no proxy: %j', async (text, name) => {
  const at = await listen(createTcpServer((socket) => void socket.end(text)));
  const { classes } = await through('https://target.test/x', `http://127.0.0.1:${at}`);
  expect(classes).toEqual({ [name]: 30 });
});

test('a proxy at which nothing listens', async () => {
  const { classes, reply } = await through('http://target.test/x', 'http://127.0.0.1:1');
  expect(classes).toEqual({ ECONNREFUSED: 30 });
  const reason = expect.stringContaining('the proxy http://127.0.0.1:1 cannot be reached (to target.test)');
  expect(reply).toMatchObject({ kind: 'transport', code: 'proxy', reason });
});

test('a proxy of a plain target that asks for a password: not the target refuses', async () => {
  const refusal = 'HTTP/1.1 407 Auth\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
  const server = createTcpServer((socket) => void socket.on('error', () => {}).once('data', () => socket.end(refusal)));
  const at = await listen(server);
  const { classes, reply } = await through('http://target.test/x', `http://127.0.0.1:${at}`);
  expect(classes).toEqual({ '407': 30 });
  const reason = expect.stringContaining(`the proxy http://127.0.0.1:${at} asks for a user name and password`);
  expect(reply).toMatchObject({ kind: 'transport', code: 'proxy', reason });
});
