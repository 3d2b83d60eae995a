import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { RunOrder } from '../../../src/services/load/engine/protocol.ts';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { GeneratorGroup } from '../../../src/services/load/generators/generator-group.ts';
import type { Batch, PointEnd } from '../../../src/services/load/generators/load-generator.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';

/** A server that says on the wire what a test wants: called for every whole request, numbered from 0. */
export async function wireServer(
  answer: (socket: Socket, n: number, onSocket: number, request: string) => void,
): Promise<{ readonly url: string; readonly connections: () => number }> {
  let n = 0;
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    let held = '';
    let onSocket = 0;
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      held += bytes.toString('latin1');
      for (;;) {
        const end = held.indexOf('\r\n\r\n');
        const length = end < 0 ? 0 : end + 4 + Number(/content-length: (\d+)/.exec(held)?.[1]);
        if (end < 0 || held.length < length) return;
        const request = held.slice(0, length);
        held = held.slice(length);
        answer(socket, n++, onSocket++, request);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, connections: () => connections };
}

export interface Ran {
  readonly end: PointEnd;
  readonly records: readonly RequestRecord[];
  /** Class -> how many requests. */
  readonly classes: Readonly<Record<string, number>>;
}

/** One point without a sweep around it. */
export async function runOrder(
  url: string,
  change: Partial<RunOrder> = {},
  with_: { readonly processes?: number; readonly onBatch?: (batch: Batch) => void } = {},
): Promise<Ran> {
  const generator = await GeneratorGroup.start(with_.processes === undefined ? {} : { processes: with_.processes });
  const records: RequestRecord[] = [];
  const classes: Record<string, number> = {};
  try {
    const order: RunOrder = {
      type: 'run',
      url,
      form: { api: 'raw', stream: false },
      rate: 100,
      warmupMs: 0,
      durationMs: 600,
      drainMs: 3000,
      timeoutMs: 3000,
      maxInFlight: 1000,
      prompt: DEFAULT_PROMPT,
      seed: 1,
      series: 0,
      ...change,
    };
    const onBatch = (batch: Batch) => {
      for (const record of batch.records) {
        records.push(record);
        classes[record.class] = (classes[record.class] ?? 0) + 1;
      }
      with_.onBatch?.(batch);
    };
    const end = await generator.run(order, onBatch, new AbortController().signal, 1000);
    return { end, records, classes };
  } finally {
    await generator.close();
  }
}
