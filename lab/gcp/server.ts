import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBatch, writeBatch } from './batch.ts';
import { ApiError } from './errors.ts';
import { failureOf, type GcpFaults, refusalOf } from './faults.ts';
import type { Body } from './model.ts';
import { type ApiRequest, parseRequest } from './request.ts';

/** One call that a client made. */
export interface GcpCall {
  readonly action: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly client: string;
  readonly at: Date;
  /** The fault that it met. */
  readonly fault?: string;
  /** HTTP status of the answer; nothing where the connection was broken. */
  status?: number;
  /** Until the answer was ready, milliseconds; nothing while it is not. */
  tookMs?: number;
}

export interface ApiServer {
  readonly url: string;
  readonly calls: readonly GcpCall[];
  close(): Promise<void>;
}

/** The HTTP side of the lab's Compute Engine: keeps a record of all calls and makes go wrong what `faults` holds. */
export async function startApiServer(
  handle: (request: ApiRequest) => Promise<Body>,
  faults: GcpFaults,
): Promise<ApiServer> {
  const calls: GcpCall[] = [];
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      send(outgoing, 500, new ApiError(500, 'internalError', `the lab failed: ${stackOf(error)}`).body);
    });
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const text = await textOf(incoming);
    const client = String(headers['x-goog-api-client'] ?? headers['user-agent'] ?? '');
    if (path.startsWith('/batch/')) {
      const parts = readBatch(headers['content-type'] ?? '', text);
      const answers = await Promise.all(parts.map((part) => perform(part.method, part.path, part.body, client)));
      const results = answers.map((each, i) => ({
        id: parts[i]?.id ?? '',
        status: each?.[0] ?? 503,
        body: each?.[1] ?? {},
      }));
      const [type, body] = writeBatch(results);
      outgoing.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
      return;
    }
    const result = await perform(method, path, text, client);
    if (result) send(outgoing, ...result);
    else incoming.socket.resetAndDestroy();
  }

  /** @returns status and body; nothing where the connection is to break */
  async function perform(
    method: string,
    path: string,
    text: string,
    client: string,
  ): Promise<[number, Body] | undefined> {
    const at = new Date();
    let request: ApiRequest | undefined;
    let refusal: ApiError | undefined;
    try {
      request = parseRequest(method, new URL(path, 'http://lab'), bodyOf(text));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refusal = error;
    }
    const action = request?.action ?? '';
    const changes = method !== 'GET' && !/\.(wait|listManagedInstances|listInstances|getHealth)$/.test(action);
    const fault = faults.take(action, path, changes);
    const call: GcpCall = { action, method, path, client, at, ...(fault ? { fault: fault.kind } : {}) };
    calls.push(call);
    if (fault?.kind === 'reset-before') return undefined;
    if (fault?.kind === 'delay') await sleep(fault.ms ?? 0);
    refusal = refusalOf(fault) ?? refusal;
    const result = refusal || !request ? refused(refusal) : await answer({ ...request, failure: failureOf(fault) });
    if (fault?.kind === 'reset-after') return undefined;
    call.status = result[0];
    call.tookMs = Date.now() - at.getTime();
    return result;
  }

  async function answer(request: ApiRequest): Promise<[number, Body]> {
    try {
      return [200, await handle(request)];
    } catch (error) {
      if (error instanceof ApiError) return refused(error);
      throw error;
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function refused(error: ApiError | undefined): [number, Body] {
  const shown = error ?? new ApiError(404, 'notFound', 'Not Found');
  return [shown.status, shown.body];
}

function bodyOf(text: string): Body {
  // Google's own client sends two quotation marks where there is no body.
  if (text === '' || text === '""') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Body;
  } catch {}
  throw new ApiError(400, 'parseError', 'Parse Error');
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function send(outgoing: ServerResponse, status: number, body: Body): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const text = JSON.stringify(body, null, 2);
  outgoing.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(text),
  });
  outgoing.end(text);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
