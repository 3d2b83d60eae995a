import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, expectEngine, expectHealth, type Json, LONG_PROMPT, post } from './lab.ts';
import { linesOf, rawPost } from './raw-stream.ts';

const lab = createLab();
const STREAM = { prompt: LONG_PROMPT, stream: true };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A B, or an engine, that the test plays itself. */
async function play(listener: RequestListener): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => listener(incoming, outgoing));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function textOf(lines: readonly Json[], hop: string): string {
  return lines
    .filter((line) => line.hop === hop && line.token !== undefined)
    .map(({ token }) => token)
    .join('');
}

test('every piece comes as a line with its hop, and the last line is the whole answer', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  const a = await lab.a(engine.url, b.url);
  const stream = await rawPost(`${a.url}/chain`, STREAM, { 'x-request-id': 'r-1' });
  expect(stream).toMatchObject({
    status: 200,
    end: 'clean',
    headers: {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': 'r-1',
    },
  });
  const lines = linesOf(stream);
  const last = lines.at(-1);
  expect(last).toMatchObject({ service: 'a', done: true, b_result: { service: 'b', host: 'b-1' }, simulated: true });
  expect(last.b_result).not.toHaveProperty('done');
  expect(textOf(lines, 'a')).toBe(last.a_summary);
  expect(textOf(lines, 'b')).toBe(last.b_result.llm_text);
  const hops = lines.slice(0, -1).map(({ hop }) => hop);
  expect(hops).toEqual(hops.toSorted());
  expect(last.steps.map(({ name, attempts }: Json) => [name, attempts])).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
  const { a_first_token_seconds: first, b_first_token_seconds: second, end_to_end_seconds: whole } = last.timing;
  expect(first).toBeGreaterThan(0);
  expect(second).toBeGreaterThan(first);
  expect(whole).toBeGreaterThanOrEqual(second);
  expect(last.timing.steps).toEqual({ a: last.steps[0].seconds, b: last.steps[1].seconds });
});

test('the last line waits for the minimum, the pieces do not', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  const a = await lab.a(engine.url, b.url, { MIN_PROCESS_SECONDS: '1' });
  const { timing } = linesOf(await rawPost(`${a.url}/chain`, STREAM)).at(-1);
  expect(timing.end_to_end_seconds).toBeGreaterThanOrEqual(1);
  expect(timing.b_first_token_seconds).toBeLessThan(1);
});

test('a stream that is neither wanted nor unwanted is refused', async () => {
  const engine = await lab.engine();
  const a = await lab.a(engine.url, 'http://127.0.0.1:1');
  expect(await post(`${a.url}/chain`, { prompt: LONG_PROMPT, stream: 'yes' })).toMatchObject({
    status: 400,
    body: { detail: 'stream must be true or false' },
  });
});

test('a B that answers with one object is one piece', async () => {
  const engine = await lab.engine();
  const asked: Json[] = [];
  const b = await play((incoming, outgoing) => {
    asked.push(incoming.headers);
    outgoing
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ service: 'b', model: 'm', llm_text: 'all at once', timing: {}, host: 'old' }));
  });
  const a = await lab.a(engine.url, b);
  const lines = linesOf(await rawPost(`${a.url}/chain`, STREAM, { 'x-request-timeout-ms': '60000' }));
  expect(lines.filter(({ hop }) => hop === 'b')).toEqual([{ hop: 'b', token: 'all at once' }]);
  expect(lines.at(-1)).toMatchObject({ b_result: { llm_text: 'all at once', host: 'old' }, done: true });
  const told = asked.find((headers) => headers['x-request-timeout-ms'] !== undefined && headers['x-request-id']);
  expect(Number(told['x-request-timeout-ms'])).toBeLessThan(60_001);
});

test('what fails before the first piece keeps its status', async () => {
  const engine = await lab.engine();
  await post(`${engine.url}/sim/faults`, { mode: 'error', count: 1 });
  const a = await lab.a(engine.url, 'http://127.0.0.1:1');
  expect(await rawPost(`${a.url}/chain`, STREAM)).toMatchObject({
    status: 502,
    end: 'clean',
    text: expect.stringContaining('ollama(A) error: '),
  });
});

const FAULTS = [
  ['cut', /connection|ECONNRESET|socket/],
  ['end-early', /before/],
  ['bad-line', /JSON/],
  ['stall', /within 0.5 s/],
] as const;

test.each(FAULTS)(
  'A’s engine fails by %s in mid-stream: an error line with the reason, and a broken end',
  async (mode, why) => {
    // A tenth of a second from token to token: what comes with one read is one piece.
    const engine = await lab.engine(engineWithGenerationOf(4000, 1));
    await post(`${engine.url}/sim/faults`, { mode, count: 1 });
    const a = await lab.a(engine.url, 'http://127.0.0.1:1', { OLLAMA_TIMEOUT_SECONDS: '0.5' });
    const stream = await rawPost(`${a.url}/chain`, STREAM);
    const last = linesOf(stream).at(-1);
    expect(stream).toMatchObject({ status: 200, end: 'broken' });
    expect(last).toMatchObject({ hop: 'a', status: mode === 'stall' ? 504 : 502, detail: last.error });
    expect(last.error).toMatch(/^ollama\(A\) error: /);
    expect(last.error).toMatch(why);
  },
);

test.each(FAULTS)('B’s engine fails by %s in mid-stream: A passes the reason on', async (mode, why) => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(4000, 1));
  await post(`${engineB.url}/sim/faults`, { mode, count: 1 });
  const b = await lab.b(engineB.url, { OLLAMA_TIMEOUT_SECONDS: '0.5' });
  const a = await lab.a(engineA.url, b.url);
  const stream = await rawPost(`${a.url}/chain`, STREAM);
  const last = linesOf(stream).at(-1);
  expect(stream).toMatchObject({ status: 200, end: 'broken' });
  expect(last).toMatchObject({ hop: 'b', status: mode === 'stall' ? 504 : 502 });
  expect(last.error).toMatch(/^remote\(B\) error: ollama error: /);
  expect(last.error).toMatch(why);
});

test('B dies in mid-stream: the reason, and a broken end', async () => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(20_000, 1));
  const b = await lab.b(engineB.url);
  const a = await lab.a(engineA.url, b.url, { SSE_PING_SECONDS: '0.1' });
  const answer = await fetch(`${a.url}/chain`, { method: 'POST', body: JSON.stringify(STREAM) });
  let text = '';
  const read = async () => {
    for await (const bytes of answer.body ?? []) {
      text += Buffer.from(bytes).toString();
      if (/"hop":"b","token":"[^"]/.test(text)) b.signal('SIGKILL');
    }
  };
  await expect(read()).rejects.toThrow();
  expect(JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    hop: 'b',
    status: 502,
    error: 'remote(B) error: connection closed before the answer was complete',
  });
});

test('B breaks off in mid-stream: the reason, and a broken end', async () => {
  const engine = await lab.engine();
  const b = await play((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' });
    outgoing.write('{"hop":"b","token":"half"}\n', () => outgoing.destroy());
  });
  const a = await lab.a(engine.url, b);
  const stream = await rawPost(`${a.url}/chain`, STREAM);
  expect(stream).toMatchObject({ status: 200, end: 'broken' });
  expect(linesOf(stream).slice(-2)).toMatchObject([
    { hop: 'b', token: 'half' },
    { hop: 'b', status: 502, error: 'remote(B) error: connection closed before the answer was complete' },
  ]);
});

test.each([
  ['{"hop":"b","token":"x"}\nnonsense\n', /not JSON/],
  ['{"hop":"b","token":"x"}\n', /before the last event/],
  ['{"hop":"b","token":"x"}\n{"done":true}\n', /not B's answer/],
  ['{"hop":"b","token":"x"}\n{"error":"\\u001b[31mred","status":502}\n', /error: \[31mred$/],
])('B sends %j: the reason, and a broken end', async (text, why) => {
  const engine = await lab.engine();
  const b = await play((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(text);
  });
  const a = await lab.a(engine.url, b);
  const stream = await rawPost(`${a.url}/chain`, STREAM);
  expect(stream).toMatchObject({ status: 200, end: 'broken' });
  expect(linesOf(stream).at(-1)).toMatchObject({ hop: 'b', status: 502, error: expect.stringMatching(why) });
});

test('a reader who leaves ends the generation in B’s engine', async () => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(60_000, 1));
  const b = await lab.b(engineB.url);
  const a = await lab.a(engineA.url, b.url);
  const caller = new AbortController();
  const answer = await fetch(`${a.url}/chain`, { method: 'POST', body: JSON.stringify(STREAM), signal: caller.signal });
  await answer.body?.getReader().read();
  await expectEngine(engineB, { active: 1 });
  caller.abort();
  await expectEngine(engineB, { active: 0, cancelled: 1 });
  await expectHealth(a, 200, { working: 0, remote: { begun: 0 } });
});

test('a reader who takes nothing holds up its own stream, and no other one', async () => {
  const engine = await lab.engine();
  const piece = `${JSON.stringify({ hop: 'b', token: 'x'.repeat(1000) })}\n`.repeat(64);
  let sent = 0;
  const b = await play((incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' });
    if (incoming.headers['x-request-id'] !== 'slow') {
      outgoing.end(`${piece}{"llm_text":"x","model":"m","host":"h"}\n`);
      return;
    }
    const fill = () => {
      do sent += piece.length;
      while (sent < 200e6 && outgoing.write(piece));
    };
    outgoing.on('drain', fill);
    fill();
  });
  const a = await lab.a(engine.url, b);
  const socket = connect(a.port, '127.0.0.1');
  const text = JSON.stringify(STREAM);
  socket.pause();
  socket.write(
    `POST /chain HTTP/1.1\r\nhost: a\r\nx-request-id: slow\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = sent > 0 && sent === before;
        before = sent;
        return isStill;
      },
      { interval: 300 },
    )
    .toBe(true);
  // What the kernel's buffers of two connections take, and one megabyte.
  expect(sent).toBeLessThan(40e6);
  expect(await rawPost(`${a.url}/chain`, STREAM)).toMatchObject({ status: 200, end: 'clean' });
  socket.destroy();
  await expectHealth(a, 200, { remote: { begun: 0 } });
});

test('nothing to send for a while: a line without text keeps the connection', async () => {
  const engine = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(8000, 1));
  const b = await lab.b(engineB.url);
  const a = await lab.a(engine.url, b.url, { SSE_PING_SECONDS: '0.1' });
  const lines = linesOf(await rawPost(`${a.url}/chain`, STREAM));
  expect(lines).toContainEqual({ hop: 'b', token: '' });
  expect(textOf(lines, 'b')).toBe(lines.at(-1).b_result.llm_text);
});

test('SIGTERM: a stream that has begun ends whole', async () => {
  const engine = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(2000, 1));
  const b = await lab.b(engineB.url);
  const a = await lab.a(engine.url, b.url);
  const stream = rawPost(`${a.url}/chain`, STREAM);
  await expectEngine(engineB, { active: 1 });
  a.signal('SIGTERM');
  expect(await stream).toMatchObject({ status: 200, end: 'clean' });
  expect(linesOf(await stream).at(-1)).toMatchObject({ done: true });
  expect(await a.exited).toBe(0);
});

test('SIGTERM, and a stream that does not end in time: it says so, and breaks', async () => {
  const engine = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(60_000, 1));
  const b = await lab.b(engineB.url);
  const a = await lab.a(engine.url, b.url, { DRAIN_SECONDS: '0.3' });
  const stream = rawPost(`${a.url}/chain`, STREAM);
  await expectEngine(engineB, { active: 1 });
  a.signal('SIGTERM');
  expect((await stream).end).toBe('broken');
  expect(linesOf(await stream).at(-1)).toMatchObject({ status: 503, error: expect.stringMatching(/^draining: /) });
  expect(await a.exited).toBe(0);
});
