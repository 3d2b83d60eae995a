import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Connections } from '../../../templates/services/common/connections.ts';
import { Upstream } from '../../../templates/services/common/upstream.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) close();
});

/** A client, and the requests that its server got; the first one is answered, and its connection kept. */
async function connected(then: (incoming: IncomingMessage, socket: Socket, times: number) => void) {
  const asked: string[] = [];
  const listener: RequestListener = (incoming, outgoing) => {
    incoming.resume().on('end', () => {
      asked.push(incoming.method ?? '');
      if (asked.length === 1 || asked.length > 2) outgoing.end('{}');
      else then(incoming, incoming.socket, asked.length);
    });
  };
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream = new Upstream(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closing.push(() => {
    upstream.close();
    server.close();
    server.closeAllConnections();
  });
  await upstream.request({ method: 'GET', path: '/', timeoutMs: 5000 });
  return { upstream, asked };
}

const generation = { method: 'POST', path: '/', body: '{}', timeoutMs: 5000 } as const;

test('what the other side may have begun is not sent again, however soon it breaks off', async () => {
  // Longer than a loop of a busy machine, and much shorter than the second that it once was.
  const { upstream, asked } = await connected((_incoming, socket) => setTimeout(() => socket.resetAndDestroy(), 250));
  const onResend = vi.fn();
  await expect(upstream.request({ ...generation, onResend })).rejects.toMatchObject({ kind: 'network' });
  expect(asked).toEqual(['GET', 'POST']);
  expect(onResend).not.toHaveBeenCalled();
});

test('a reset that comes before a round trip is over is that of a closed connection: sent once more, and told', async () => {
  const { upstream, asked } = await connected((_incoming, socket) => socket.resetAndDestroy());
  vi.spyOn(Connections.prototype, 'roundTripMs', 'get').mockReturnValue(60_000);
  const onResend = vi.fn();
  expect(await upstream.request({ ...generation, onResend })).toMatchObject({ status: 200 });
  expect(asked).toEqual(['GET', 'POST', 'POST']);
  expect(onResend).toHaveBeenCalledOnce();
});

/** A server that promises to keep a connection, and closes it after each stream, once something has been asked again on it. */
async function closesAfterStreams(server: string) {
  let connections = 0;
  const listener = createNetServer((socket) => {
    connections++;
    let asked = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      if (++asked > 1) socket.end();
      else socket.write(`HTTP/1.1 200 OK\r\n${server}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const upstream = new Upstream(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  closing.push(() => {
    upstream.close();
    listener.close();
  });
  return { upstream, connections: () => connections };
}

test('llama.cpp closes a connection after a stream though it promises to keep it: it is not used again', async () => {
  const { upstream, connections } = await closesAfterStreams('server: llama.cpp\r\n');
  for (let i = 0; i < 3; i++) expect(await upstream.request(generation)).toMatchObject({ status: 200, text: '{}' });
  expect(connections()).toBe(3);
});

test('another server that does so is found out by the first request that is lost', async () => {
  const { upstream } = await closesAfterStreams('');
  expect(await upstream.request(generation)).toMatchObject({ status: 200 });
  await expect(upstream.request(generation)).rejects.toMatchObject({ kind: 'network' });
  for (let i = 0; i < 3; i++) expect(await upstream.request(generation)).toMatchObject({ status: 200 });
});

test('what only asks is sent once more whenever its connection is reset', async () => {
  const { upstream, asked } = await connected((_incoming, socket) => setTimeout(() => socket.resetAndDestroy(), 50));
  expect(await upstream.request({ method: 'GET', path: '/', timeoutMs: 5000 })).toMatchObject({ status: 200 });
  expect(asked).toEqual(['GET', 'GET', 'GET']);
});

test('an answer that has begun is not asked for again', async () => {
  const { upstream, asked } = await connected((_incoming, socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf');
    setTimeout(() => socket.resetAndDestroy(), 50);
  });
  vi.spyOn(Connections.prototype, 'roundTripMs', 'get').mockReturnValue(60_000);
  await expect(upstream.request(generation)).rejects.toMatchObject({ kind: 'network' });
  expect(asked).toEqual(['GET', 'POST']);
});

test('an answer that asks for another protocol is a failure at once', async () => {
  const { upstream } = await connected((_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
  });
  const failed = upstream.request({ ...generation, timeoutMs: 60_000 });
  await expect(failed).rejects.toMatchObject({ kind: 'network', unreached: false });
});

test('a key that is repeated by an answer that is none is hidden', async () => {
  const server = createServer((_incoming, outgoing) => outgoing.writeHead(401).end('{"error":"no sk-secret-1"}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const headers = { authorization: 'Bearer sk-secret-1' };
  const upstream = new Upstream(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, headers);
  closing.push(() => {
    upstream.close();
    server.close();
  });
  const reply = await upstream.request(generation);
  expect(reply.text).toBe('{"error":"no ***"}');
});
