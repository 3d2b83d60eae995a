import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorOf, type Faults } from './faults.ts';
import { type Answer, errorAnswer, Query } from './query.ts';

/** One call that a client made. */
export interface Call {
  readonly action: string;
  /** As sent, with secrets left out. */
  readonly params: Readonly<Record<string, string>>;
  readonly at: Date;
  /** `error`, `reset-before`, ...: the fault that it met. */
  readonly fault?: string;
  /** HTTP status of the answer; nothing where the connection was broken. */
  status?: number;
  /** Until the answer was ready, milliseconds; nothing while it is not. */
  tookMs?: number;
}

/** Answers one call, whose signature's header tells the region. */
export type Handler = (query: Query, authorization: string) => Promise<Answer>;

export interface Proxy {
  readonly url: string;
  readonly calls: readonly Call[];
  close(): Promise<void>;
}

/**
 * The HTTP side of the lab's EC2: keeps a record of all calls and makes go wrong what `faults` holds.
 *
 * @param refused told of calls that fail without getting to the handler
 */
export async function startProxy(
  handler: Handler,
  faults: Faults,
  refused: (query: Query, code: string) => void = () => {},
): Promise<Proxy> {
  const calls: Call[] = [];
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      send(outgoing, errorAnswer(500, 'InternalError', `the lab failed: ${String(error)}`));
    });
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const query = new Query(await bodyOf(incoming));
    const fault = faults.take(query.action);
    const call: Call = {
      ...{ action: query.action, params: query.redacted(), at: new Date() },
      ...(fault ? { fault: fault.kind } : {}),
    };
    calls.push(call);
    if (fault?.kind === 'reset-before') return reset(incoming);
    if (fault?.kind === 'delay') await sleep(fault.ms ?? 0);
    const fails = fault?.kind === 'error' || fault?.kind === 'expired-credentials';
    const { status, code, message } = fails ? errorOf(fault) : { status: 0, code: '', message: '' };
    if (fails) refused(query, code);
    const authorization = incoming.headers.authorization ?? '';
    const answer = fails ? errorAnswer(status, code, message) : await handler(query, authorization);
    if (fault?.kind === 'reset-after') return reset(incoming);
    call.status = answer.status;
    call.tookMs = Date.now() - call.at.getTime();
    send(outgoing, answer);
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

function send(outgoing: ServerResponse, { status, body }: Answer): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8', 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
}

function reset(incoming: IncomingMessage): void {
  incoming.socket.resetAndDestroy();
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
