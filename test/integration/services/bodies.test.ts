import { connect, type Socket } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { createLab, LONG_PROMPT, type Program, post } from './lab.ts';

const lab = createLab();
let b: Program;

beforeEach(async () => {
  b = await lab.b((await lab.engine()).url, { READ_TIMEOUT_SECONDS: '0.5' });
});

/** A connection whose every byte the test decides. */
function open(): { socket: Socket; text: () => string; closed: Promise<void> } {
  const socket = connect(b.port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  return { socket, text: () => text, closed: new Promise((resolve) => socket.once('close', () => resolve())) };
}

const HEAD = 'POST /invoke HTTP/1.1\r\nhost: b\r\ncontent-type: application/json\r\n';

test('a body of 2 MiB is refused: with its length before it is read, without it at the limit', async () => {
  const large = `{"prompt": "${'x'.repeat(2 << 20)}"}`;
  const detail = 'body is larger than 1048576 bytes';
  expect(await post(`${b.url}/invoke`, large)).toMatchObject({ status: 413, body: { detail } });
  const stream = new ReadableStream({
    start(controller) {
      for (let i = 0; i < large.length; i += 65_536) controller.enqueue(Buffer.from(large.slice(i, i + 65_536)));
      controller.close();
    },
  });
  const chunked = { body: stream, duplex: 'half' } as RequestInit;
  expect(await post(`${b.url}/invoke`, '', chunked)).toMatchObject({ status: 413, body: { detail } });
});

test('the announced length alone is enough for 413, and the connection serves the next request', async () => {
  const { socket, text } = open();
  const body = JSON.stringify({ prompt: 'short' });
  socket.write(`${HEAD}content-length: ${2 << 20}\r\n\r\n`);
  await expect.poll(text).toContain('HTTP/1.1 413');
  socket.write('x'.repeat(2 << 20));
  socket.write(`${HEAD}content-length: ${body.length}\r\n\r\n${body}`);
  await expect.poll(text).toContain('HTTP/1.1 400');
  socket.destroy();
});

test('with Expect: 100-continue the body is asked for only when it is wanted', async () => {
  const refused = open();
  refused.socket.write(`${HEAD}expect: 100-continue\r\ncontent-length: ${2 << 20}\r\n\r\n`);
  await expect.poll(refused.text).toContain('HTTP/1.1 413');
  expect(refused.text()).not.toContain('100 Continue');
  refused.socket.destroy();
  const wanted = open();
  const body = JSON.stringify({ prompt: LONG_PROMPT });
  wanted.socket.write(`${HEAD}expect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`);
  await expect.poll(wanted.text).toContain('100 Continue');
  wanted.socket.write(body);
  await expect.poll(wanted.text).toContain('HTTP/1.1 200');
  wanted.socket.destroy();
});

test('a body that trickles is answered 408 and the connection is closed', async () => {
  const { socket, text, closed } = open();
  socket.write(`${HEAD}content-length: 5000\r\n\r\n{"prompt": "`);
  const drip = setInterval(() => socket.write('x'), 50);
  await closed;
  clearInterval(drip);
  expect(text()).toContain('HTTP/1.1 408');
  expect(text()).toContain('{"detail":"body did not arrive within 0.5 s"}');
});

test('headers that trickle are answered 408 and the connection is closed', async () => {
  const { socket, text, closed } = open();
  socket.write('POST /invoke HTTP/1.1\r\nhost: b\r\n');
  const drip = setInterval(() => socket.write('x: y\r\n'), 50);
  await closed;
  clearInterval(drip);
  expect(text()).toContain('HTTP/1.1 408');
  expect(text()).toContain('"detail"');
});

test('a connection that a load balancer has opened ahead is kept until its first request', async () => {
  const { socket, text } = open();
  // More than twice the time that a request may take to arrive.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect([text(), socket.readyState]).toEqual(['', 'open']);
  socket.write('GET /health HTTP/1.1\r\nhost: b\r\n\r\n');
  await expect.poll(text).toContain('HTTP/1.1 200');
  // From then on headers have to come.
  socket.write('GET /health HTTP/1.1\r\nhost: b\r\n');
  await expect.poll(text, { timeout: 5000 }).toContain('HTTP/1.1 408');
});

test('and closed without a word when none comes for as long as an idle connection is kept', async () => {
  b = await lab.b((await lab.engine()).url, { READ_TIMEOUT_SECONDS: '0.5', KEEP_ALIVE_SECONDS: '1' });
  const { text, closed } = open();
  await closed;
  expect(text()).toBe('');
});

test('what is not HTTP is answered 400 and the connection is closed', async () => {
  const { socket, text, closed } = open();
  socket.write('hello\r\n\r\n');
  await closed;
  expect(text()).toContain('HTTP/1.1 400');
});

const ID = 'x-request-id: mine-1\r\n';
test.each([
  ['no host', `GET /v1/models HTTP/1.1\r\n${ID}\r\n`, '400', '"error":{"message":"a host header is required"'],
  [
    'an unknown expectation',
    `GET /api/tags HTTP/1.1\r\nhost: b\r\n${ID}expect: foo\r\n\r\n`,
    '417',
    '"error":"expect: ',
  ],
  ['CONNECT', `CONNECT b:443 HTTP/1.1\r\nhost: b\r\n${ID}\r\n`, '405', '{"detail":"this is no proxy for CONNECT"}'],
])(
  '%s is refused as everything else is: with the request id, in the form of its path',
  async (_, head, status, body) => {
    const { socket, text, closed } = open();
    socket.write(head);
    await closed;
    expect(text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(text()).toContain(ID);
    expect(text()).toContain(body);
  },
);

test('a body that is compressed is refused and the connection serves on; one that says it is not is taken', async () => {
  const { socket, text } = open();
  const body = JSON.stringify({ prompt: 'short' });
  socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await expect.poll(text).toContain('HTTP/1.1 415');
  expect(text()).toContain('accept-encoding: identity');
  expect(text()).toContain('content-encoding gzip is not supported');
  socket.write(`${HEAD}content-encoding: Identity\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await expect.poll(text).toContain('HTTP/1.1 400');
  socket.destroy();
});

test('a client of HTTP/1.0 is not told to go on', async () => {
  const { socket, text, closed } = open();
  const body = JSON.stringify({ prompt: 'short' });
  socket.write(`POST /invoke HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await closed;
  expect(text()).toMatch(/^HTTP\/1\.1 400 /);
});

test('a deadline that was over before says so', async () => {
  for (const ms of ['-5', '0']) {
    expect(
      await post(`${b.url}/invoke`, { prompt: LONG_PROMPT }, { headers: { 'x-request-timeout-ms': ms } }),
    ).toMatchObject({
      status: 504,
      body: { detail: `deadline passed: it was over when the request came (x-request-timeout-ms: ${ms})` },
    });
  }
});
