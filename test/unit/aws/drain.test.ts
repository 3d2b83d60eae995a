import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Event } from '../../../src/events.ts';
import type { Resource } from '../../../src/services/stack/resource.ts';
import { drainedFirst } from '../../../src/services/targets/aws/drain.ts';

let inFlight = 1;
const server = createServer((_, outgoing) => outgoing.end(JSON.stringify({ service: 'a', in_flight: inFlight })));
beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => void server.close());

/** Removes a VM whose A answers at `url`, and to which there is no key. */
async function remove(url: string | undefined) {
  const events: Event[] = [];
  const asked: string[] = [];
  const vm = {
    key: 'instance-a',
    async remove() {
      asked.push('remove');
    },
  } as unknown as Resource<unknown, unknown>;
  const access = async () => {
    asked.push('access');
    return undefined;
  };
  const clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} };
  const context = { clock, signal: new AbortController().signal, emit: (event: Event) => void events.push(event) };
  await drainedFirst(vm, 'a', url, access).remove(context, {});
  return { asked, told: events.map((event) => ('reason' in event ? event.reason : 'text' in event ? event.text : '')) };
}
const own = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

it('lets A end what is in flight first; where that cannot be, says what is cut off and goes on', async () => {
  inFlight = 3;
  expect(await remove(own())).toEqual({
    asked: ['access', 'remove'],
    told: ['2 requests in flight: waits up to 180 s', 'service-a: 2 requests in flight were cut off: no key to its VM'],
  });
});

it('logs in to nobody where nothing is known to be in flight', async () => {
  inFlight = 1;
  const quiet = { asked: ['remove'], told: [] };
  expect(await remove(own())).toEqual(quiet);
  expect(await remove('http://127.0.0.1:1')).toEqual(quiet);
  expect(await remove(undefined)).toEqual(quiet);
});
