import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { describeNetworkError } from '../common/upstream.ts';
import type { Backend } from './backend.ts';

/** How an attempt on one backend ended. With `retry`, nothing of it has reached the backend's work or the caller. */
export type Outcome = { readonly done: true } | { readonly retry: string } | { readonly failed: string };

/** Failures of making a connection: the request has not left this process. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

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
    backend.inFlight++;
    const exchange = new ForwardedExchange(backend, outgoing, (outcome) => {
      backend.inFlight--;
      resolve(outcome);
    });
    const prefix = new URL(backend.url).pathname.replace(/\/+$/, '');
    backend.pool.dispatch(
      {
        method: incoming.method as Dispatcher.HttpMethod,
        path: prefix + (incoming.url ?? '/'),
        headers: requestHeaders(incoming),
        body: body ?? null,
      },
      exchange,
    );
  });
}

class ForwardedExchange implements Dispatcher.DispatchHandler {
  readonly #backend: Backend;
  readonly #outgoing: ServerResponse;
  readonly #end: (outcome: Outcome) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #drainingReply = false;
  readonly #onCallerGone = () => {
    if (this.#over) return;
    this.#finish({ done: true });
    this.#controller?.abort(new Error('caller closed the connection'));
  };

  constructor(backend: Backend, outgoing: ServerResponse, end: (outcome: Outcome) => void) {
    this.#backend = backend;
    this.#outgoing = outgoing;
    this.#end = end;
    outgoing.once('close', this.#onCallerGone);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('caller closed the connection'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    // An instance that shuts down says that it has not begun: another one can.
    if (status === 503 && headers['x-chainctl-refused'] === 'draining') {
      this.#drainingReply = true;
      return;
    }
    this.#outgoing.writeHead(status, responseHeaders(headers, this.#backend.name));
    // A caller who reads slowly slows the backend down, not our memory.
    this.#outgoing.on('drain', () => controller.resume());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#drainingReply) return;
    if (!this.#outgoing.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (this.#drainingReply) {
      this.#finish({ retry: 'draining' });
      return;
    }
    this.#backend.served++;
    this.#finish({ done: true });
    this.#outgoing.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#backend.failed++;
    const reason = describeNetworkError(error);
    if (this.#outgoing.headersSent) {
      // Half an answer is out: only a broken connection tells the caller so.
      this.#finish({ done: true });
      this.#outgoing.destroy();
      return;
    }
    const code = (error instanceof AggregateError ? error.errors[0] : error)?.code as string | undefined;
    this.#finish(code !== undefined && NEVER_SENT.has(code) ? { retry: reason } : { failed: reason });
  }

  #finish(outcome: Outcome): void {
    this.#over = true;
    this.#outgoing.off('close', this.#onCallerGone);
    this.#end(outcome);
  }
}

function requestHeaders(incoming: IncomingMessage): string[] {
  const skipped = connectionHeaders(incoming.headers.connection);
  const headers: string[] = [];
  const raw = incoming.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    // The body is sent whole, so its length is set by the client.
    if (skipped.has(name) || name === 'content-length') continue;
    headers.push(name, raw[i + 1] as string);
  }
  headers.push('x-forwarded-for', forwardedFor(incoming), 'x-forwarded-proto', 'http');
  return headers;
}

function forwardedFor(incoming: IncomingMessage): string {
  return incoming.socket.remoteAddress ?? 'unknown';
}

function responseHeaders(
  headers: Record<string, string | string[] | undefined>,
  backend: string,
): Record<string, string | string[]> {
  const skipped = connectionHeaders(headers.connection);
  const passed: Record<string, string | string[]> = { 'x-chainctl-backend': backend };
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !skipped.has(name)) passed[name] = value;
  }
  return passed;
}

/** The hop-by-hop headers, and those that `Connection` itself names. */
function connectionHeaders(connection: string | string[] | undefined): ReadonlySet<string> {
  if (connection === undefined) return HOP_BY_HOP;
  const named = String(connection).toLowerCase();
  if (named === 'keep-alive' || named === 'close') return HOP_BY_HOP;
  return new Set([...HOP_BY_HOP, ...named.split(',').map((name) => name.trim())]);
}
