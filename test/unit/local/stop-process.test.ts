import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { stopProcess } from '../../../src/services/targets/local/stop-process.ts';

/** What the service answers when it is asked for the n-th time, from 1; undefined for no answer. */
let answer: (asked: number) => Record<string, unknown> | undefined;
let asked = 0;
const server = createServer((_, outgoing) => {
  const body = answer(++asked);
  if (body === undefined) outgoing.destroy();
  else outgoing.end(JSON.stringify(body));
});
beforeEach(async () => {
  asked = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => void server.close());

/**
 * Stops a process in virtual time.
 * @param alive whether it is, after so many questions and signals
 * @param interrupted whether an operator has interrupted an earlier stop
 * @param interruptAtMs when one interrupts this one
 */
async function stop(
  key: string,
  alive: (asked: number, signals: readonly string[]) => boolean,
  { interrupted = false, interruptAtMs = Infinity } = {},
) {
  const events: Event[] = [];
  const signals: string[] = [];
  let ms = 0;
  const clock = {
    now: () => ms,
    monotonic: () => ms,
    async sleep(pause: number, signal?: AbortSignal) {
      ms += pause;
      if (ms >= interruptAtMs) interrupt.abort();
      signal?.throwIfAborted();
    },
  };
  const interrupt = new AbortController();
  let noted = false;
  await stopProcess(
    {
      key,
      port: (server.address() as AddressInfo).port,
      drainSeconds: 60,
      isAlive: async () => alive(asked, signals),
      send: (name) => void signals.push(name),
      wasInterrupted: async () => interrupted,
      async noteInterrupt() {
        noted = true;
      },
    },
    { clock, signal: interrupt.signal, emit: (event) => void events.push(event) },
  ).catch((error: unknown) => {
    if (!interrupt.signal.aborted) throw error;
  });
  const told = events.map((event) =>
    event.type === 'step-waiting' ? event.reason : event.type === 'note' ? event.text : event.type,
  );
  return { told, signals, noted, seconds: ms / 1000 };
}

/** The question itself is in flight, too. */
const open = (count: number) => ({ in_flight: count + 1 });

it('waits for what is in flight, and says so', async () => {
  answer = (n) => open(n < 20 ? 2 : 1);
  const { told, signals, seconds } = await stop('a', (n) => n < 40);
  expect(told).toEqual(['2 requests in flight: waits up to 60 s', '1 request in flight: waits up to 60 s']);
  expect(signals).toEqual(['SIGTERM']);
  expect(seconds).toBeGreaterThan(12);
  expect(seconds).toBeLessThan(60);
});

it('says what the service has cut off when its time was over', async () => {
  answer = () => open(3);
  const { told, signals } = await stop('b-1', (n) => n < 130);
  expect(told.at(-1)).toMatch(/^b-1: 3 requests in flight were cut off after 6\d s$/);
  expect(signals).toEqual(['SIGTERM']);
});

it('kills what does not end by itself, and says what that has cut off', async () => {
  answer = () => open(1);
  const { told, signals, seconds } = await stop('proxy', (_, sent) => !sent.includes('SIGKILL'));
  expect(told.at(-1)).toMatch(/^proxy: 1 request in flight was cut off after 7\d s$/);
  expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
  expect(seconds).toBeLessThan(80);
});

it.each([
  ['has nothing in flight', () => open(0)],
  ['does not answer', () => undefined],
  ['answers something else', () => ({ detail: 'x' })],
])('does not wait long for a process that %s', async (_, says) => {
  answer = says;
  const { told, signals, seconds } = await stop('a', (_n, sent) => !sent.includes('SIGKILL'));
  expect(told).toEqual([]);
  expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
  expect(seconds).toBeLessThan(15);
});

it('waits for a request that began after the first look', async () => {
  answer = (n) => open(n === 1 ? 0 : 1);
  const { told, signals } = await stop('a', (n) => n < 60);
  expect(told).toEqual(['1 request in flight: waits up to 60 s']);
  expect(signals).toEqual(['SIGTERM']);
});

const draining = (count: number, left: number) => ({
  ...open(count),
  reason: 'draining',
  drain_seconds_left: left,
});

it('ends at once, and says what that cuts off, where an operator has interrupted the stop before', async () => {
  answer = () => draining(2, 40);
  const { told, signals } = await stop('a', (_n, sent) => sent.length === 0, { interrupted: true });
  expect(told).toEqual(['a: 2 requests in flight were cut off after 20 s']);
  expect(signals).toEqual(['SIGTERM']);
});

it.each([
  ['a', (left: number) => draining(1, left)],
  ['proxy', (left: number) => ({ ...open(1), draining: true, drain_seconds_left: left })],
  ['engine', (left: number) => ({ active: 1, queued: 0, drain_seconds_left: left })],
])('goes on waiting for %s where the stop before was killed', async (key, says) => {
  answer = (n) => says(40 - n / 2);
  const { told, signals, seconds } = await stop(key, (n) => n < 50);
  expect(told).toEqual(['1 request in flight: waits up to 40 s']);
  expect(signals).toEqual([]);
  expect(seconds).toBeGreaterThan(20);
});

it('says what was cut off at the end of the time that was left, and kills what does not end then', async () => {
  answer = (n) => draining(1, Math.max(0, 40 - n / 2));
  const ended = await stop('b-1', (n) => n < 90);
  expect(ended.told.at(-1)).toMatch(/^b-1: 1 request in flight was cut off after 6\d s$/);
  expect(ended.signals).toEqual([]);
  asked = 0;
  const killed = await stop('b-1', (_n, sent) => sent.length === 0);
  expect(killed.signals).toEqual(['SIGKILL']);
  expect(killed.seconds).toBeLessThan(60);
});

it('waits for a draining process that does not tell its time as for one that begins to', async () => {
  answer = (n) => ({ ...open(n < 30 ? 1 : 0), reason: 'draining' });
  const { told, signals } = await stop('a', (n) => n < 40);
  expect(told).toEqual(['1 request in flight: waits up to 60 s']);
  expect(signals).toEqual([]);
});

it('notes that it was interrupted, and only then', async () => {
  answer = () => open(1);
  expect(await stop('a', () => true, { interruptAtMs: 1000 })).toMatchObject({ noted: true, signals: ['SIGTERM'] });
  expect((await stop('a', (n) => n < 10)).noted).toBe(false);
});

it('knows what an engine works on', async () => {
  answer = () => ({ active: 1, queued: 2 });
  const { told } = await stop('engine', (n) => n < 5);
  expect(told).toEqual(['3 requests in flight: waits up to 60 s']);
});

it('sends nothing to a process that is gone', async () => {
  answer = () => open(0);
  expect((await stop('a', () => false)).signals).toEqual([]);
});
