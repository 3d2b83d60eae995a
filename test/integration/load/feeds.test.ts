import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startPoint } from '../../../src/services/load/engine/point-run.ts';
import type { Report, RunOrder } from '../../../src/services/load/engine/protocol.ts';
import { readColumns } from '../../../src/services/load/engine/record-columns.ts';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { Ticker } from '../../../src/services/load/engine/ticker.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';

let ticker: Ticker;
beforeAll(() => {
  ticker = new Ticker();
  return ticker.ready;
});
afterAll(() => ticker.close());

/** A server that answers each request after `ms`, and knows how many it had at once. */
async function serve(ms: number | ((asked: number) => number), status: number | ((asked: number) => number) = 200) {
  const of = (what: typeof ms, asked: number) => (typeof what === 'number' ? what : what(asked));
  const seen = { requests: 0, open: 0, most: 0 };
  const server = createServer((request, response) => {
    const asked = ++seen.requests;
    seen.most = Math.max(seen.most, ++seen.open);
    request.resume();
    setTimeout(
      () => {
        seen.open--;
        response.statusCode = of(status, asked);
        response.end('{}');
      },
      of(ms, asked),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, seen };
}

async function point(url: string, change: Partial<RunOrder>, stopsInDrain = false) {
  const records: RequestRecord[] = [];
  const { promise, resolve: finish } = Promise.withResolvers<Extract<Report, { type: 'finished' }>>();
  const report = (message: Report) => {
    if (message.type === 'finished') finish(message);
    else if (message.type === 'batch') records.push(...readColumns(message.columns));
    if (stopsInDrain && message.type === 'batch' && message.progress.phase === 'drain')
      started.then((run) => run.stop(0));
  };
  const order: RunOrder = {
    ...{ type: 'run', url, form: { api: 'raw', stream: false }, rate: 20, warmupMs: 0, durationMs: 600 },
    ...{ drainMs: 5000, timeoutMs: 5000, maxInFlight: 100, prompt: DEFAULT_PROMPT, seed: 1, series: 0, ...change },
  };
  const started = startPoint(order, { ticker, report });
  await started;
  const { progress, ...end } = await promise;
  return { records, progress, ...end };
}

test('a closed loop has so many requests open and never more, and every one is accounted for', async () => {
  const { url, seen } = await serve(30);
  const { records, progress } = await point(url, { concurrency: 4, warmupMs: 100 });
  expect(seen.most).toBe(4);
  expect(progress).toMatchObject({ sent: records.length, dropped: 0, peakInFlight: 4, inFlight: 0, newConnections: 4 });
  expect(records.every(({ outcome, intendedMs }) => outcome === 'ok' && intendedMs >= 0 && intendedMs < 600)).toBe(
    true,
  );
  // Those of the warm-up came to the server, and are in no account.
  expect(seen.requests).toBeGreaterThan(records.length);
});

test('a closed loop ends when it has sent enough, long before its window does', async () => {
  const { url } = await serve(5);
  const { records, enoughAtMs } = await point(url, { concurrency: 3, durationMs: 600_000, requests: 10 });
  expect(records).toHaveLength(10);
  expect(enoughAtMs).toBeGreaterThan(0);
});

/** Answers so many requests at once, and no other. */
async function servingFirst(most: number) {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (++asked <= most) response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
}

test.each([
  ['a closed loop', { concurrency: 3 }],
  ['sessions', { turns: 2, rate: 100 }],
])('%s that is stopped in its drain has measured until it had sent enough', async (_, change) => {
  const order = { ...change, durationMs: 600_000, requests: 7, timeoutMs: 600_000, drainMs: 600_000 };
  const { records, stoppedAtMs, enoughAtMs = -1 } = await point(await servingFirst(4), order, true);
  expect(records).toHaveLength(7);
  expect(stoppedAtMs).toBeCloseTo(enoughAtMs, 3);
});

test.each([
  ['until it had sent enough', { requests: 6 }],
  ['until the last one ended, where all were sent at once', { requests: 3 }],
])('a warm-up request that outlasts the window counts with its part of it: %s', async (_, change) => {
  // The warm-up fills one of three places for long; everything else is refused, and so none of what is carried.
  const isFirst = (asked: number) => asked === 1;
  const { url } = await serve(
    (asked) => (isFirst(asked) ? 3000 : 50),
    (asked) => (isFirst(asked) ? 200 : 503),
  );
  const { progress, records } = await point(url, { concurrency: 3, warmupMs: 100, durationMs: 600_000, ...change });
  expect(records).toHaveLength(change.requests);
  const endMs = Math.max(...records.map(({ intendedMs, serviceMs = 0 }) => intendedMs + serviceMs));
  expect(progress.carriedParts).toBeGreaterThan(0);
  expect(progress.carriedParts).toBeLessThanOrEqual(endMs / 3000);
});

test('where all were sent at once, it has measured until it was stopped', async () => {
  const order = { concurrency: 7, durationMs: 600_000, requests: 7, timeoutMs: 600_000, drainMs: 600_000 };
  const { stoppedAtMs, enoughAtMs = -1 } = await point(await servingFirst(4), order, true);
  expect(stoppedAtMs).toBeGreaterThan(enoughAtMs);
});

test('a closed loop goes on after failures', async () => {
  const { url } = await serve(5, 503);
  const { records } = await point(url, { concurrency: 2, durationMs: 600_000, requests: 20 });
  expect(records.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 20 }, () => 'http_error'));
});

test('a closed loop whose target never answers goes on after each timeout, and ends', async () => {
  const { url } = await serve(600_000);
  const { records } = await point(url, { concurrency: 2, durationMs: 600_000, requests: 12, timeoutMs: 40 });
  expect(records.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 12 }, () => 'timeout'));
});

test('sessions that begin while others time out time out, too', async () => {
  const { url } = await serve(600_000);
  const { records } = await point(url, { rate: 200, durationMs: 300, turns: 2, timeoutMs: 40 });
  expect(records.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 60 }, () => 'timeout'));
});

test('an open loop of sessions sends each turn when it is due, and all of it adds up', async () => {
  const { url, seen } = await serve(10);
  const { records, progress } = await point(url, { turns: 3, thinkMs: 20 });
  expect(progress).toMatchObject({ sent: records.length, dropped: 0 });
  expect(seen.requests).toBe(records.length);
  const { complete = 0, broken, cut = 0 } = progress.sessions ?? {};
  expect(broken).toBe(0);
  expect(complete + cut).toBe(12);
  expect(records.length).toBeGreaterThan(12);
});

test('a session whose turn fails is over', async () => {
  const { url } = await serve(1, 500);
  const { records, progress } = await point(url, { turns: 3 });
  expect(records).toHaveLength(12);
  expect(progress.sessions).toEqual({ complete: 0, broken: 12, cut: 0 });
});
