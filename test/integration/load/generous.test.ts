import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { createChainClient } from '../../../src/services/chain/client.ts';
import { readGenerously } from '../../../src/services/load/engine/http/read-generously.ts';

const servers: { close(): void }[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A server that answers each request with these bytes. */
async function answering(bytes: string, then: (socket: Socket) => void = () => {}) {
  let requests = 0;
  const server = createServer((socket) => {
    let text = '';
    socket
      .on('error', () => {})
      .on('data', (part) => {
        text += part.toString();
        for (let end = text.indexOf('\r\n\r\n{}'); end >= 0; end = text.indexOf('\r\n\r\n{}')) {
          text = text.slice(end + 6);
          requests++;
          socket.write(bytes);
          then(socket);
        }
      });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, requests: () => requests };
}

const client = (generous = true) =>
  createChainClient({
    ...{ clock: systemClock, timeoutMs: 10_000, signal: new AbortController().signal },
    ...(generous ? { generous: readGenerously } : {}),
  });

const BODY = '{"text":"hi"}';
const whole = (more = '') => `HTTP/1.1 200 OK\r\n${more}content-length: ${BODY.length}\r\n\r\n${BODY}`;

test.each([
  ['lines that end in a bare LF', whole().replaceAll('\r\n', '\n')],
  ['a folded header', whole('x-a: 1\r\n  goes on\r\n')],
  ['a repeated length', whole(`content-length: ${BODY.length}\r\n`)],
  ['an interim answer that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${whole()}`],
])('a probe reads what the load reads: %s', async (_, bytes) => {
  const { url, requests } = await answering(bytes);
  const own = client();
  const pieces: string[] = [];
  const request = { url, method: 'POST', body: '{}', onRead: (part: Buffer) => pieces.push(part.toString()) } as const;
  expect(await own.raw(request)).toMatchObject({ kind: 'raw', status: 200, text: BODY });
  expect(pieces.join('')).toBe(BODY);
  // From then on it is asked once.
  const before = requests();
  expect(await own.raw(request)).toMatchObject({ kind: 'raw', status: 200, text: BODY });
  expect(requests() - before).toBe(1);
  await own.close();
  const other = client(false);
  expect(await other.raw(request)).toMatchObject({ kind: 'transport' });
  await other.close();
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9\r\n', 'protocol'],
  ['a length and chunks', whole('transfer-encoding: chunked\r\n'), 'protocol'],
])('what the load would not read either has the same words as before: %s', async (_, bytes, code) => {
  const { url } = await answering(bytes, (socket) => socket.end());
  const own = client();
  expect(await own.raw({ url, method: 'POST', body: '{}' })).toMatchObject({ kind: 'transport', code });
  await own.close();
});
