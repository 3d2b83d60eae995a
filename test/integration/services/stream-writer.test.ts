import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ReaderWatch } from '../../../templates/services/common/api/reader-watch.ts';
import { type StreamOptions, StreamWriter } from '../../../templates/services/common/api/stream-writer.ts';
import { until } from '../../support/until.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

const OPTIONS: StreamOptions = {
  headers: { 'content-type': 'text/event-stream' },
  keepAlive: () => ': ping\n\n',
  failure: () => 'data: broken\n\n',
  pingMs: 60_000,
};

/** A server whose answers the test writes; each request's writer in the order in which they came. */
async function serve(options: Partial<StreamOptions> = {}) {
  const writers: StreamWriter[] = [];
  const responses: ServerResponse[] = [];
  const server = createServer((_incoming, outgoing) => {
    responses.push(outgoing);
    writers.push(new StreamWriter(outgoing, { ...OPTIONS, ...options }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const ask = () => {
    const socket: Socket = connect(port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    const seen = { text: '', end: '' };
    socket.setEncoding('utf8').on('data', (text) => {
      seen.text += text;
    });
    socket.on('end', () => {
      seen.end ||= 'FIN';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      seen.end ||= error.code ?? 'error';
    });
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    return { socket, seen };
  };
  return { writers, responses, ask, begun: (count: number) => until('requests', () => writers.length === count) };
}

test('the head leaves with the first event, and events that came together leave in one chunk', async () => {
  const { writers, ask, begun } = await serve();
  const { seen } = ask();
  await begun(1);
  expect(writers[0]?.begun).toBe(false);
  expect(writers[0]?.send('data: 1\n\ndata: 2\n\n')).toBeUndefined();
  await until('the first events', () => seen.text.includes('data: 2'));
  writers[0]?.end('data: [DONE]\n\n');
  await until('the end', () => seen.text.endsWith('0\r\n\r\n'));
  expect(seen.text).toContain('\r\n12\r\ndata: 1\n\ndata: 2\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n');
});

test('without an event the head comes with a sign of life, and then another one each time', async () => {
  const { ask } = await serve({ pingMs: 20 });
  const { seen } = ask();
  await until('two pings', () => (seen.text.match(/: ping/g) ?? []).length >= 2);
  expect(seen.text).toContain('HTTP/1.1 200');
});

test('a stream that fails ends with its reason and FIN, without the final chunk; what stands behind it is not answered', async () => {
  const { writers, ask, begun } = await serve();
  const { seen, socket } = ask();
  await begun(1);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await begun(2);
  writers[1]?.end('data: second\n\n');
  void writers[0]?.send('data: 1\n\n');
  writers[0]?.fail(new Error('no'));
  await until('the end', () => seen.end !== '');
  expect(seen.end).toBe('FIN');
  expect(seen.text).toContain('data: broken\n\n\r\n');
  expect(seen.text).not.toContain('\r\n0\r\n\r\n');
  expect(seen.text).not.toContain('second');
});

test('an answer behind another one of the same connection breaks when its turn has come', async () => {
  const { writers, ask, begun } = await serve();
  const { seen, socket } = ask();
  await begun(1);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await begun(2);
  void writers[1]?.send('data: late\n\n');
  writers[1]?.fail(new Error('no'));
  writers[0]?.end('data: first\n\n');
  await until('the end', () => seen.end !== '');
  expect(seen.end).toBe('FIN');
  expect(seen.text).toMatch(
    /data: first\n\n\r\n0\r\n\r\nHTTP\/1\.1 200[\s\S]*data: late\n\n[\s\S]*data: broken\n\n\r\n$/,
  );
});

test('a slow reader holds up its own stream alone, with at most 1 MiB waiting, and has left when it takes nothing', async () => {
  const { writers, responses, ask, begun } = await serve({ stalledMs: 600 });
  const slow = ask();
  await begun(1);
  const fast = ask();
  await begun(2);
  slow.socket.pause();
  const events = `data: ${'x'.repeat(50_000)}\n\n`;
  let waiting: Promise<void> | undefined;
  for (let sent = 0; waiting === undefined && sent < 1000; sent++) {
    waiting = writers[0]?.send(events);
    // What is sent within one tick only gathers.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(waiting).toBeDefined();
  expect(responses[0]?.writableLength).toBeLessThan(1 << 20);
  const before = fast.seen.text.length;
  expect(writers[1]?.send('data: at once\n\n')).toBeUndefined();
  await until('the fast one', () => fast.seen.text.length > before);
  // It is let go without a word of the reader: who waits for it goes on, and the response closes.
  await waiting;
  await until('its end', () => responses[0]?.destroyed === true);
  expect(responses[1]?.destroyed).toBe(false);
});

test('a slow reader that goes on reading gets all of it', async () => {
  const { writers, ask, begun } = await serve();
  const { seen, socket } = ask();
  await begun(1);
  socket.pause();
  const events = `data: ${'x'.repeat(50_000)}\n\n`;
  let sent = 0;
  let waiting: Promise<void> | undefined;
  while (waiting === undefined && sent < 1000) {
    waiting = writers[0]?.send(events);
    sent++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
  await waiting;
  writers[0]?.end('data: [DONE]\n\n');
  await until('the end', () => seen.text.endsWith('0\r\n\r\n'));
  expect(seen.text.match(/data: x/g)).toHaveLength(sent);
});

test('what is sent to a reader that has left goes nowhere, and nobody waits for it', async () => {
  const { writers, responses, ask, begun } = await serve();
  const { socket } = ask();
  await begun(1);
  socket.destroy();
  await until('its end', () => responses[0]?.destroyed === true);
  expect(writers[0]?.send('data: 1\n\n')).toBeUndefined();
  writers[0]?.fail(new Error('no'));
  writers[0]?.end('data: 2\n\n');
  expect(responses[0]?.headersSent).toBe(false);
});

test('whoever takes a little counts as a reader, though Node sees nothing of it: the kernel does', async () => {
  const { responses, begun, ask } = await serve();
  const slow = ask();
  await begun(1);
  slow.socket.pause();
  const outgoing = responses[0] as ServerResponse;
  outgoing.writeHead(200);
  outgoing.write('x'.repeat(20 << 20));
  let looks = 0;
  let queue = 1000;
  // Ten times as many looks as end a reader that stands still, each with a byte taken; then none.
  const taken = () => Promise.resolve(looks++ < 60 ? queue-- : queue);
  new ReaderWatch(outgoing, 60, taken);
  await until('its end', () => outgoing.destroyed);
  expect(looks).toBeGreaterThan(60);
});
