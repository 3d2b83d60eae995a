import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runOrder, wireServer } from './raw-server.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

/** Of a point that was not lost. */
function progressOf({ end }: Awaited<ReturnType<typeof runOrder>>) {
  if (end.type !== 'finished') throw new Error(end.why);
  return end.progress;
}

test('a request that was read and not answered was seen once, and is an error', async () => {
  // The first request of a connection is answered, the second meets its end: it may have been begun.
  const seen = new Map<string, number>();
  const { url } = await wireServer((socket, _n, onSocket, request) => {
    const { prompt } = JSON.parse(request.split('\r\n\r\n')[1] ?? '');
    seen.set(prompt, (seen.get(prompt) ?? 0) + 1);
    if (onSocket === 0) socket.write(OK);
    else socket.end();
  });
  const ran = await runOrder(url);
  expect(ran.classes['connection-closed']).toBeGreaterThan(20);
  expect(seen.size).toBe(60);
  expect([...seen.values()].every((times) => times === 1)).toBe(true);
  expect(progressOf(ran).retried).toBe(0);
});

test.each([503, 429])('%i is an answer, and not asked again', async (status) => {
  let count = 0;
  const { url } = await wireServer((socket) => {
    count++;
    socket.write(`HTTP/1.1 ${status} No\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n`);
  });
  expect((await runOrder(url)).classes).toEqual({ [status]: 60 });
  expect(count).toBe(60);
});

test('connections that are closed while they are idle cost no request', async () => {
  // Ended and reset, long before the next request.
  const { url, connections } = await wireServer((socket, n) => {
    socket.write(OK);
    setTimeout(() => (n % 2 === 0 ? socket.end() : socket.resetAndDestroy()), 20);
  });
  const ran = await runOrder(url, { rate: 10, durationMs: 1000 });
  expect(ran.classes).toEqual({ ok: 10 });
  // One that was not yet ended when the next request came was used once more.
  expect(connections()).toBeGreaterThan(1);
});

test('an orderly end instead of an answer on a new connection is an error', async () => {
  const { url, connections } = await wireServer((socket) => void socket.end());
  const ran = await runOrder(url);
  expect(ran.classes).toEqual({ 'connection-closed': 60 });
  expect(progressOf(ran).retried).toBe(0);
  expect(connections()).toBe(60);
});

test('what has begun to come is not asked for again', async () => {
  const { url } = await wireServer((socket, _n, onSocket) => {
    if (onSocket === 0) socket.write(OK);
    else socket.end('HTTP/1.1 200 OK\r\ncontent-le');
  });
  const ran = await runOrder(url);
  expect(ran.classes['connection-closed']).toBeGreaterThan(20);
  expect(progressOf(ran).retried).toBe(0);
});

test('answers byte by byte, chunked, until close, after an interim one, and in one piece with nothing', async () => {
  const { url } = await wireServer((socket, n) => {
    if (n % 5 === 0) {
      const bytes = [...OK];
      const drip = setInterval(() => (bytes.length > 0 ? socket.write(bytes.shift() ?? '') : clearInterval(drip)), 1);
    } else if (n % 5 === 1) {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n');
      setTimeout(() => socket.write('1\r\n}\r\n0\r\n\r\n'), 10);
    } else if (n % 5 === 2) socket.end('HTTP/1.1 200 OK\r\n\r\n{}');
    else if (n % 5 === 3) socket.write(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
    else socket.write('HTTP/1.1 204 No Content\r\n\r\n');
  });
  const { classes } = await runOrder(url, { durationMs: 500 });
  expect(classes).toEqual({ ok: 50 });
});

test('10 MB, garbage, two answers to one request', async () => {
  const big = Buffer.alloc(10_000_000, 32);
  const { url, connections } = await wireServer((socket, n) => {
    if (n % 4 === 0) {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${big.length}\r\n\r\n`);
      socket.write(big);
    } else if (n % 4 === 1) socket.write('SSH-2.0-OpenSSH_9.9\r\n');
    else if (n % 4 === 2) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}');
    else socket.write(OK + OK);
  });
  const { classes, records } = await runOrder(url, { rate: 20, durationMs: 1000 });
  expect(classes).toEqual({ 'too-long': 5, 'malformed-answer': 10, ok: 5 });
  expect(records.find((record) => record.class === 'too-long')).toMatchObject({ outcome: 'invalid', status: 200 });
  expect(records.find((record) => record.class === 'malformed-answer')).toMatchObject({ outcome: 'transport_error' });
  // Nothing of these leaves a connection that could be trusted again.
  expect(connections()).toBe(20);
});

test('an answer before the request was read whole is an answer', async () => {
  // Where all of the request has got into buffers, only this tells that the connection is of no use any more.
  const head = 'HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
  const { url } = await wireServer((socket) => void socket.end(head));
  const { classes } = await runOrder(url, { prompt: 'x'.repeat(3_000_000), rate: 10 });
  expect(classes).toEqual({ 413: 6 });
});

test('requests are whole and different; each has a trace of its own', async () => {
  const prompts = new Set<string>();
  const traces = new Set<string>();
  const { url } = await wireServer((socket, _n, _onSocket, request) => {
    prompts.add(JSON.parse(request.split('\r\n\r\n')[1] ?? '').prompt);
    traces.add(/^traceparent: 00-([0-9a-f]{32})-[0-9a-f]{16}-0[01]\r$/m.exec(request)?.[1] ?? '');
    socket.write(OK);
  });
  await runOrder(url, { warmupMs: 200 }, { processes: 2 });
  expect([prompts.size, traces.size]).toEqual([80, 80]);
});

test('controls: requests per connection, age, new connections per wake-up, own source ports', async () => {
  let most = 0;
  const { url, connections } = await wireServer((socket, _n, onSocket) => {
    most = Math.max(most, onSocket + 1);
    socket.write(OK);
  });
  const counted = async (change: Parameters<typeof runOrder>[1]) => {
    const before = connections();
    most = 0;
    const ran = await runOrder(url, change);
    expect(ran.classes).toEqual({ ok: 60 });
    expect(progressOf(ran).newConnections).toBe(connections() - before);
    return { opened: connections() - before, most };
  };
  const each = { opened: 60, most: 1 };
  // A generator that was kept waiting sends what is due together, each on a connection of its own.
  expect((await counted({})).most).toBeGreaterThan(10);
  expect(await counted({ requestsPerConnection: 1 })).toEqual(each);
  expect((await counted({ requestsPerConnection: 10 })).most).toBe(10);
  expect((await counted({ connectionAgeMs: 20 })).most).toBeLessThan(10);
  expect(await counted({ requestsPerConnection: 1, ownPortsAbove: 0 })).toEqual(each);
  expect(await counted({ requestsPerConnection: 1, maxConnectsPerTick: 1 })).toEqual(each);
});

test('Poisson arrivals: as many requests, the same times for the same seed', async () => {
  const { url } = await wireServer((socket) => void socket.write(OK));
  const times = async (processes: number) => {
    const { records } = await runOrder(url, { arrivals: 'poisson' }, { processes });
    for (const { latenessMs } of records) expect(latenessMs).toBeGreaterThanOrEqual(0);
    return new Map(records.map(({ index, intendedMs }) => [index, intendedMs]));
  };
  const one = await times(1);
  expect(one.size).toBe(60);
  expect(one.get(30)).not.toBe(300);
  for (const [index, intended] of await times(3)) expect(one.get(index)).toBe(intended);
});

test('several generators make one point; one that is killed makes it lost, and says so', async () => {
  const { url } = await wireServer((socket) => void setTimeout(() => socket.write(OK), 50));
  const { end, records } = await runOrder(url, { rate: 500 }, { processes: 3 });
  expect(end).toMatchObject({ type: 'finished', progress: { sent: 300, dropped: 0, inFlight: 0 } });
  expect(new Set(records.map(({ index }) => index)).size).toBe(300);
  const own = () =>
    execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('engine/generator'))
      .map((line) => Number.parseInt(line, 10));
  let killed = false;
  const onBatch = () => {
    const [, victim] = own();
    if (killed || victim === undefined) return;
    killed = true;
    process.kill(victim, 'SIGKILL');
  };
  const lost = await runOrder(url, { durationMs: 30_000 }, { processes: 3, onBatch });
  expect(lost.end).toEqual({ type: 'lost', why: expect.stringMatching(/^signal SIGKILL, generator \d of 3$/) });
  expect(lost.records.length).toBeLessThan((100 * 30) / 2);
  expect(own()).toEqual([]);
});

test('streams: time to the first token, gaps, tokens; a stream that breaks is invalid', async () => {
  const { url } = await wireServer((socket, n, _onSocket, request) => {
    expect(request).toContain('"stream":true}');
    const piece = (text: string) => socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n');
    // One after another: of timers that are late, those of one delay go first, whichever stream they are of.
    const steps = [
      () => piece('{"response":"a","done":false}\n'),
      () => piece('{"response":"b","done":false}\n{"response":"c","done":false}\n'),
      () => n % 2 === 1 || piece('{"done":true,"eval_count":5}\n'),
      () => socket.write('0\r\n\r\n'),
    ];
    const play = (step = 0) => {
      steps[step]?.();
      if (step + 1 < steps.length) setTimeout(play, 20, step + 1);
    };
    setTimeout(play, 40);
  });
  const { records, classes } = await runOrder(url, { form: { api: 'raw', stream: true }, rate: 50, durationMs: 400 });
  expect(classes).toEqual({ ok: 10, 'truncated-stream': 10 });
  for (const record of records) {
    expect(record.ttft_ms).toBeGreaterThan(35);
    // What came together on a busy machine is one read.
    expect(record.ttft_ms).toBeLessThanOrEqual(record.serviceMs ?? 0);
    expect(record.itl_ms ?? []).toHaveLength((record.stream?.reads ?? 0) - 1);
    expect(record.stream?.events).toBe(3);
    expect(record.figures?.output_tokens).toBe(record.class === 'ok' ? 5 : undefined);
  }
});
