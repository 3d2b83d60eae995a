import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Resolved } from '../../../src/services/dial/resolve.ts';
import { startPoint } from '../../../src/services/load/engine/point-run.ts';
import type { Report, RunOrder } from '../../../src/services/load/engine/protocol.ts';
import { readColumns } from '../../../src/services/load/engine/record-columns.ts';
import { Ticker } from '../../../src/services/load/engine/ticker.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';

let ticker: Ticker;
beforeAll(() => {
  ticker = new Ticker();
  return ticker.ready;
});
afterAll(() => ticker.close());

/** A server at an address of this machine that says which one it is. */
async function serveAt(address: string, port: number): Promise<number> {
  const answer: RequestListener = (request, response) =>
    void request.resume().on('end', () => response.end(JSON.stringify({ host: address })));
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const found = (...addresses: string[]): Resolved => ({
  addresses: addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  failure: undefined,
});

/** One point in this process, with a name service of the test's own. */
async function point(port: number, resolve: (name: string) => Resolved, change: Partial<RunOrder> = {}) {
  const hosts: Record<string, number> = {};
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const report = (message: Report) => {
    if (message.type === 'finished') finish();
    if (message.type !== 'batch') return;
    for (const each of readColumns(message.columns)) {
      const key = each.host ?? each.class;
      hosts[key] = (hosts[key] ?? 0) + 1;
    }
  };
  const order: RunOrder = {
    ...{
      type: 'run',
      url: `http://chain.test:${port}/x`,
      form: { api: 'raw', stream: false },
      rate: 100,
      warmupMs: 0,
      durationMs: 400,
    },
    ...{ drainMs: 2000, timeoutMs: 2000, maxInFlight: 100, prompt: DEFAULT_PROMPT, seed: 1, series: 0, ...change },
  };
  const asked: string[] = [];
  const lookUp = async (name: string) => {
    asked.push(name);
    return resolve(name);
  };
  await startPoint(order, { ticker, report, resolve: lookUp });
  await finished;
  if (change.durationMs === undefined) expect(asked).toEqual(['chain.test']);
  return hosts;
}

test('a name that changes its address is followed from the next point on, not within one', async () => {
  const port = await serveAt('127.0.0.1', 0);
  await serveAt('127.0.0.2', port);
  let address = '127.0.0.1';
  const zone = () => found(address);
  setTimeout(() => {
    address = '127.0.0.2';
  }, 100);
  // New connections all the time: not even those look again.
  expect(await point(port, zone, { requestsPerConnection: 1 })).toEqual({ '127.0.0.1': 40 });
  expect(await point(port, zone)).toEqual({ '127.0.0.2': 40 });
  const gone = Object.assign(new Error('getaddrinfo ENOTFOUND chain.test'), { code: 'ENOTFOUND' });
  expect(await point(port, () => ({ addresses: [], failure: gone }))).toEqual({ ENOTFOUND: 40 });
});

/** An address that swallows what is sent to it: nobody accepts, and the queue of those that wait is full. */
async function blackHole(address: string, port: number): Promise<void> {
  const code = `const { parentPort } = require('node:worker_threads');
    require('node:net').createServer().listen({ host: '${address}', port: ${port}, backlog: 1 }, () => {
      parentPort.postMessage('listens');
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
    });`;
  const worker = new Worker(code, { eval: true });
  await new Promise((resolve) => worker.once('message', () => setTimeout(resolve, 200)));
  const waiting = Array.from({ length: 8 }, () => connect(port, address).on('error', () => {}));
  onTestFinished(async () => {
    for (const socket of waiting) socket.destroy();
    await worker.terminate();
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
}

test('an address that swallows everything costs no request its timeout, and is not tried again', async () => {
  const port = await serveAt('127.0.0.3', 0);
  await blackHole('127.0.0.4', port);
  // Dead ones of every kind before the one that serves, in both families.
  const zone = () => found('127.0.0.4', '::1', '127.0.0.2', '127.0.0.3');
  const opened = { requestsPerConnection: 1, timeoutMs: 1900 };
  expect(await point(port, zone, opened)).toEqual({ '127.0.0.3': 40 });
});

test('an address that dies in mid-run: the others of the name are used', async () => {
  const port = await serveAt('127.0.0.3', 0);
  const dying = createServer((request, response) => {
    response.setHeader('connection', 'close');
    request.resume().on('end', () => response.end('{"host":"dying"}'));
  });
  await new Promise<void>((resolve) => dying.listen(port, '127.0.0.2', resolve));
  setTimeout(() => dying.close(), 200);
  const {
    dying: before = 0,
    '127.0.0.3': after = 0,
    ...rest
  } = await point(port, () => found('127.0.0.2', '127.0.0.3'));
  // What the dying one had not yet accepted is reset.
  expect(Object.keys(rest).filter((name) => name !== 'ECONNRESET')).toEqual([]);
  expect(before + after + (rest.ECONNRESET ?? 0)).toBe(40);
  expect(Math.min(before, after)).toBeGreaterThan(0);
});

test('when no address works any more, the name is looked up again, once a second at most', async () => {
  const port = await serveAt('127.0.0.3', 0);
  let lookups = 0;
  const zone = () => {
    lookups++;
    return lookups < 3 ? found('127.0.0.2') : found('127.0.0.3');
  };
  const { ECONNREFUSED: refused = 0, '127.0.0.3': served = 0 } = await point(port, zone, { durationMs: 3500 });
  expect(lookups).toBe(3);
  expect(refused).toBeGreaterThan(100);
  expect(served).toBeGreaterThan(10);
  expect(refused + served).toBe(350);
});

test('of several addresses the first that takes connections gets all of them', async () => {
  const port = await serveAt('127.0.0.2', 0);
  await serveAt('127.0.0.3', port);
  expect(await point(port, () => found('127.0.0.2', '127.0.0.3'))).toEqual({ '127.0.0.2': 40 });
  const opened = { requestsPerConnection: 1 };
  expect(await point(port, () => found('127.0.0.1', '127.0.0.3', '127.0.0.2'), opened)).toEqual({ '127.0.0.3': 40 });
});
