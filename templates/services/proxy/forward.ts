import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeNetworkError, neverSent } from '../common/connections.ts';
import type { Backend } from './backend.ts';

/** How an attempt on one backend ended. With `retry`, nothing of it has reached the backend's work or the caller. */
export type Outcome = { readonly done: true } | { readonly retry: string } | { readonly failed: string };

/** RFC 9110 7.6.1: these describe one connection and go no further. `expect` was answered here. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Sends one request to one backend and its answer to the caller. Resolves when the attempt is over; never rejects. */
export function forward(
  backend: Backend,
  incoming: IncomingMessage,
  body: Buffer | undefined,
  outgoing: ServerResponse,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let over = false;
    const finish = (outcome: Outcome) => {
      if (over) return;
      over = true;
      backend.inFlight--;
      outgoing.off('close', onCallerGone);
      resolve(outcome);
    };
    const onCallerGone = () => {
      finish({ done: true });
      request.destroy();
    };
    const onError = (error: Error) => {
      if (over) return;
      backend.failed++;
      const reason = describeNetworkError(error);
      if (outgoing.headersSent) {
        // Half an answer is out: only a broken connection tells the caller so.
        finish({ done: true });
        outgoing.destroy();
      } else {
        finish(neverSent(error) ? { retry: reason } : { failed: reason });
      }
    };
    backend.inFlight++;
    outgoing.once('close', onCallerGone);
    const request = backend.connections.request({
      method: incoming.method ?? 'GET',
      path: backend.pathPrefix + (incoming.url ?? '/'),
      headers: requestHeaders(incoming, body),
    });
    request.on('error', onError);
    request.on('response', (answer) => {
      answer.on('error', onError);
      // An instance that shuts down says that it has not begun: another one can.
      if (answer.statusCode === 503 && answer.headers['x-chainctl-refused'] === 'draining') {
        answer.resume().on('end', () => finish({ retry: 'draining' }));
        return;
      }
      passOn(answer, outgoing, backend.name, () => {
        backend.served++;
        finish({ done: true });
      });
    });
    request.end(body);
  });
}

/** By hand rather than with `pipe`, which leaves the caller waiting for ever when the backend breaks off. */
function passOn(answer: IncomingMessage, outgoing: ServerResponse, backend: string, ended: () => void): void {
  outgoing.writeHead(answer.statusCode ?? 502, responseHeaders(answer, backend));
  // A caller who reads slowly slows the backend down, not our memory.
  outgoing.on('drain', () => answer.resume());
  answer.on('data', (chunk: Buffer) => {
    if (!outgoing.write(chunk)) answer.pause();
  });
  answer.on('end', () => {
    ended();
    outgoing.end();
  });
}

function requestHeaders(incoming: IncomingMessage, body: Buffer | undefined): Record<string, string | string[]> {
  const headers = endToEnd(incoming);
  // The body was read whole, however it came.
  delete headers['content-length'];
  if (body) headers['content-length'] = String(body.length);
  const before = headers['x-forwarded-for'];
  const caller = incoming.socket.remoteAddress ?? 'unknown';
  headers['x-forwarded-for'] = before === undefined ? caller : `${before}, ${caller}`;
  headers['x-forwarded-proto'] ??= 'http';
  return headers;
}

function responseHeaders(answer: IncomingMessage, backend: string): Record<string, string | string[]> {
  return { ...endToEnd(answer), 'x-chainctl-backend': backend };
}

function endToEnd(message: IncomingMessage): Record<string, string | string[]> {
  const skipped = connectionHeaders(message.headers.connection);
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined && !skipped.has(name)) headers[name] = value;
  }
  return headers;
}

/** The hop-by-hop headers, and those that `Connection` itself names. */
function connectionHeaders(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return HOP_BY_HOP;
  const named = connection.toLowerCase();
  if (named === 'keep-alive' || named === 'close') return HOP_BY_HOP;
  return new Set([...HOP_BY_HOP, ...named.split(',').map((name) => name.trim())]);
}
