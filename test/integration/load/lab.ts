import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { createChainClient } from '../../../src/services/chain/client.ts';
import { defined } from '../../../src/services/defined.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { splitRow } from '../../../src/services/load/record/csv-reader.ts';
import { runSweep, type SweepDeps } from '../../../src/services/load/sweep/run-sweep.ts';
import type { SweepOptions } from '../../../src/services/load/sweep/sweep-options.ts';
import type { SweepReport } from '../../../src/services/load/types.ts';

/** An answer of B as the contract has it. */
export const ANSWER = JSON.stringify({
  service: 'b',
  model: 'm',
  llm_text: 'text',
  timing: { ollama_seconds: 0.1, total_seconds: 0.2 },
  host: 'b-1',
});

export interface Lab {
  readonly url: string;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/** A real server for one test; `/health` answers 200 unless the handler wants it. */
export async function serve(handler: RequestListener): Promise<Lab> {
  const server = createServer((request, response) => {
    if (request.url === '/health') response.end('{"ok":true}');
    else handler(request, response);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/invoke`, server, sockets };
}

/** A URL on which nothing listens. */
export async function refusingUrl(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/invoke`;
}

export interface Outcome {
  readonly report: SweepReport;
  readonly events: Event[];
  readonly out: string;
}

/** A short sweep into a folder of its own. */
export async function sweep(
  targetUrl: string,
  change: Partial<SweepOptions> = {},
  deps: Partial<SweepDeps> & { readonly onEvent?: (event: Event) => void } = {},
): Promise<Outcome> {
  const out = change.outFolder ?? (await mkdtemp(join(tmpdir(), 'chainctl-load-')));
  const events: Event[] = [];
  const signal = deps.signal ?? new AbortController().signal;
  const client = createChainClient({ clock: systemClock, timeoutMs: 5000, signal, ...defined({ ca: deps.ca }) });
  const report = await runSweep(
    {
      targetUrl,
      tag: 'lab',
      rates: [100],
      durationSeconds: 0.6,
      warmupSeconds: 0.1,
      timeoutSeconds: 5,
      drainSeconds: 5,
      outFolder: out,
      prompt: DEFAULT_PROMPT,
      seed: 1,
      preflight: true,
      about: { version: 'test' },
      ...change,
    },
    {
      clock: systemClock,
      client,
      ...deps,
      signal,
      emit: (event) => {
        events.push(event);
        deps.onEvent?.(event);
      },
    },
  ).finally(() => client.close());
  return { report, events, out };
}

/** The only point of a sweep. */
export function pointOf({ report }: Outcome) {
  const [point] = report.points;
  if (point === undefined) throw new Error('no point was measured');
  return point;
}

/** A CSV file without line breaks in its cells, as objects. */
export async function readCsv(path: string): Promise<Record<string, string>[]> {
  const [head, ...rows] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const names = splitRow(head ?? '');
  return rows.map((row) => Object.fromEntries(splitRow(row).map((cell, i) => [names[i] ?? `extra${i}`, cell])));
}
