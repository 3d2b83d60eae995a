import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Dialer } from '../../../src/services/dial/dialer.ts';
import { Exchange, type WireEnd } from '../../../src/services/load/engine/exchange.ts';
import { RawTransport } from '../../../src/services/load/engine/http/raw-transport.ts';
import type { RunOrder } from '../../../src/services/load/engine/protocol.ts';
import { steadyNow } from '../../../src/services/load/engine/steady-clock.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { LoadedData } from '../../../src/services/load/workload/loaded.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

/** A transport in this process, and the server's end of its connections. */
async function transportTo(answer: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const seen: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.on('data', (bytes) => {
      seen.push(/^traceparent: (.*)\r$/m.exec(bytes.toString())?.[1] ?? '');
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  const order: RunOrder = {
    ...{ type: 'run', url, form: { api: 'raw', stream: false }, rate: 1, warmupMs: 0, durationMs: 0, drainMs: 0 },
    ...{ timeoutMs: 1000, maxInFlight: 10, prompt: DEFAULT_PROMPT, seed: 1, series: 0 },
  };
  let ended: (end: WireEnd) => void = () => {};
  const dialer = await Dialer.open({ url: new URL(url) });
  const transport = new RawTransport(order, dialer, new LoadedData(), (_, end) => ended(end));
  onTestFinished(() => {
    transport.close();
    server.close();
  });
  let index = 0;
  const send = () =>
    new Promise<WireEnd>((resolve) => {
      ended = resolve;
      transport.send(new Exchange({ index: index++, intendedMs: 0, latenessMs: 0 }, steadyNow(), undefined));
    });
  return { transport, sockets, seen, send };
}

test('a connection that was reset before the first byte: the request goes to another one, and is counted', async () => {
  const { transport, sockets, seen, send } = await transportTo((socket) => void socket.write(OK));
  expect(await send()).toMatchObject({ kind: 'answer', status: 200 });
  // The reset has come, and this process has not looked yet.
  sockets[0]?.resetAndDestroy();
  expect(await send()).toMatchObject({ kind: 'answer', status: 200 });
  expect(transport.retried).toBe(1);
  expect(seen).toHaveLength(2);
  expect(new Set(seen).size).toBe(2);
});

test('a connection that is reset when it has read the request: an error, and no other one sees it', async () => {
  let count = 0;
  const { transport, seen, send } = await transportTo((socket) => {
    if (count++ === 0) socket.write(OK);
    else socket.resetAndDestroy();
  });
  await send();
  expect(await send()).toMatchObject({ kind: 'failure', outcome: 'transport_error', class: 'ECONNRESET' });
  expect(transport.retried).toBe(0);
  expect(seen).toHaveLength(2);
});
