import { mkdtemp } from 'node:fs/promises';
import { createServer as createHttp2 } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { createChainClient } from '../../../src/services/chain/client.ts';
import { runOrder, wireServer } from './raw-server.ts';

const BODY = '{"host":"b-1"}';
/** So many requests, each after the answer to the one before, however long that takes. */
const oneByOne = { concurrency: 1, requests: 20, durationMs: 60_000, timeoutMs: 60_000 };

/** An answer with one header more, in bytes. */
function answer(body: Buffer | string, header: string): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${header}\r\ncontent-length: ${bytes.length}\r\n\r\n`), bytes]);
}

/** What the client of probes and health makes of an address. */
async function asked(url: string) {
  const client = createChainClient({ clock: systemClock, timeoutMs: 5000, signal: new AbortController().signal });
  try {
    return await client.raw({ url, method: 'POST', body: '{}' });
  } finally {
    await client.close();
  }
}

const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(BODY)]);

test.each([
  ['gzip', answer(zlib.gzipSync(BODY), 'Content-Encoding: gzip')],
  ['deflate', answer(zlib.deflateSync(BODY), 'Content-Encoding: DEFLATE')],
  ['br', answer(zlib.brotliCompressSync(BODY), 'content-encoding: br')],
  ['a byte order mark', answer(marked, 'content-type: application/json; charset=utf-8')],
  ['gzip with a mark in it', answer(zlib.gzipSync(marked), 'content-encoding: gzip')],
  ['bare LFs', Buffer.from(`HTTP/1.1 200 OK\ncontent-length: ${BODY.length}\n\n${BODY}`)],
  ['bare LFs, chunked', Buffer.from(`HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\ne\n${BODY}\n0\n\n`)],
  ['folded', Buffer.from(`HTTP/1.1 200 OK\r\nx: y\r\n z\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`)],
  ['two equal lengths', answer(BODY, `Content-Length: ${BODY.length}`)],
])('%s: every answer is understood, and its connection used again', async (what, bytes) => {
  const { url, connections } = await wireServer((socket) => void socket.write(bytes));
  const { records, classes } = await runOrder(url, oneByOne);
  expect(classes).toEqual({ ok: 20 });
  expect(new Set(records.map(({ host }) => host))).toEqual(new Set(['b-1']));
  expect(connections()).toBe(1);
  // undici's parser refuses these four.
  if (/LF|folded|lengths/.test(what)) return;
  expect(await asked(url)).toMatchObject({ kind: 'raw', text: BODY });
});

test.each([
  ['HTTP/1.0 without a length', `HTTP/1.0 200 OK\r\n\r\n${BODY}`],
  [
    'HTTP/1.0 that promises more',
    `HTTP/1.0 200 OK\r\nConnection: close\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  ],
])('%s', async (_what, text) => {
  const { url, connections } = await wireServer((socket) => void socket.end(text));
  expect((await runOrder(url, oneByOne)).classes).toEqual({ ok: 20 });
  expect(connections()).toBe(20);
});

test('compressed as nobody knows, broken, cut, and grown beyond all bounds', async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(20_000_000, 32));
  const { url } = await wireServer((socket, n) => {
    if (n % 4 === 0) socket.write(answer('x', 'content-encoding: snappy'));
    else if (n % 4 === 1) socket.write(answer('no gzip', 'content-encoding: gzip'));
    else if (n % 4 === 2) socket.write(answer(zlib.gzipSync(BODY).subarray(0, -9), 'content-encoding: gzip'));
    else socket.write(answer(bomb, 'content-encoding: gzip'));
  });
  const { classes, records } = await runOrder(url, oneByOne);
  expect(classes).toEqual({ 'content-encoding': 15, 'too-long': 5 });
  expect(new Set(records.map(({ outcome }) => outcome))).toEqual(new Set(['invalid']));
  const said = new Set(records.map(({ error }) => error.replace(/\(.*\)/, '(...)')));
  expect(said).toEqual(
    new Set([
      'the answer is compressed with "snappy", which was not asked for',
      'the gzip compressed answer is broken (...)',
      'the gzip compressed answer ends before its end',
      'the answer is over 1 MiB',
    ]),
  );
});

test.each([
  ['gzip', () => zlib.createGzip(), zlib.constants.Z_SYNC_FLUSH],
  ['br', () => zlib.createBrotliCompress(), zlib.constants.BROTLI_OPERATION_FLUSH],
] as const)('a stream in %s: each event that is flushed has its own time', async (coding, make, flush) => {
  const { url } = await wireServer((socket) => {
    const packed = make();
    const chunk = (bytes: Buffer) =>
      socket.write(`${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`, 'latin1');
    packed.on('data', chunk).on('end', () => socket.write('0\r\n\r\n'));
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-encoding: ${coding}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const say = (text: string) => {
      packed.write(text);
      packed.flush(flush);
    };
    say('\ufeff{"response":"a"}\n');
    setTimeout(() => {
      say('{"response":"b"}\n');
      setTimeout(() => packed.end('{"response":"c"}\n{"done":true}\n'), 60);
    }, 60);
  });
  const { classes, records } = await runOrder(url, { ...oneByOne, form: { api: 'raw', stream: true } });
  expect(classes).toEqual({ ok: 20 });
  for (const { itl_ms: gaps = [], figures } of records) {
    expect(figures?.output_tokens).toBe(3);
    expect(gaps.length).toBeLessThanOrEqual(2);
  }
  // Reads come together where this machine is busy.
  expect(records.some(({ itl_ms: gaps = [] }) => gaps.length === 2)).toBe(true);
});

test('HTTP/2 alone has a class that says so', async () => {
  const server = createHttp2(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  const { classes, records } = await runOrder(url, oneByOne);
  expect(classes).toEqual({ 'http2-only': 20 });
  expect(records[0]?.error).toContain('HTTP/2 only');
});

test('a socket file: load, and the client of probes', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'chainctl-')), 'a b.sock');
  const hosts = new Set<string>();
  const server = await listening(file, (socket) => {
    socket.on('data', (bytes) => {
      hosts.add(/host: (.*)\r/i.exec(bytes.toString())?.[1] ?? '');
      socket.write(answer(BODY, 'x: y'));
    });
  });
  const url = `http+unix://${encodeURIComponent(file)}/x`;
  expect((await runOrder(url, oneByOne)).classes).toEqual({ ok: 20 });
  expect(await asked(url)).toMatchObject({ kind: 'raw', status: 200, text: BODY });
  expect(hosts).toEqual(new Set(['localhost']));
  await new Promise((resolve) => server.close(resolve));
  expect((await runOrder(url, oneByOne)).classes).toEqual({ ENOENT: 20 });
  expect(await asked(url)).toMatchObject({ kind: 'transport', code: 'refused', reason: expect.stringContaining(file) });
});

async function listening(at: string | number, onSocket: (socket: Socket) => void): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) =>
    typeof at === 'string' ? server.listen(at, resolve) : server.listen(at, '127.0.0.1', resolve),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server;
}

test('every request says who sent it, and asks for nothing compressed', async () => {
  const heads = new Set<string>();
  const { url } = await wireServer((socket, _n, _onSocket, request) => {
    for (const name of ['user-agent', 'accept-encoding']) {
      heads.add(new RegExp(`^${name}: .*$`, 'im').exec(request)?.[0].toLowerCase() ?? '');
    }
    socket.write(answer(BODY, 'x: y'));
  });
  await runOrder(url, oneByOne);
  await asked(url);
  expect([...heads].sort()).toEqual([
    'accept-encoding: identity',
    expect.stringMatching(/^user-agent: chainctl\/\d+\.\d+\.\d+/),
  ]);
});
