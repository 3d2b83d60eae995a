import type { Dispatcher } from 'undici';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Problem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';

/** A whole answer of another service. */
export interface UpstreamReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** No usable answer: `timeout` means that ours ran out, `network` that the connection failed or broke. */
export class UpstreamError extends Error {
  readonly kind: 'timeout' | 'network';

  constructor(kind: 'timeout' | 'network', message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** Its end (caller gone, deadline passed) closes the exchange and rejects with its `Problem`. */
  readonly scope?: RequestScope;
}

/** Answers above this are cut off: a broken service must not fill our memory. */
const MAX_REPLY_BYTES = 8 << 20;

/** Keep-alive connections to one service. */
export class Upstream {
  readonly #pool: Pool;
  readonly #prefix: string;

  constructor(baseUrl: string) {
    const url = new URL(baseUrl);
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#pool = new Pool(url.origin, {
      pipelining: 1,
      connect: { timeout: 5000 },
      // Shorter than any server's or load balancer's own, so that we never write into a connection being closed.
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 30_000,
      // A model may think for minutes before the first byte: `timeoutMs` of the request is the only clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_REPLY_BYTES,
    });
  }

  request(request: UpstreamRequest): Promise<UpstreamReply> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(request, resolve, reject);
      this.#pool.dispatch(
        {
          method: request.method,
          path: this.#prefix + request.path,
          headers: request.body === undefined ? { ...request.headers } : { ...JSON_HEADERS, ...request.headers },
          body: request.body ?? null,
        },
        exchange,
      );
    });
  }

  /** Drops every connection. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** Gathers one answer; settles once, and closes the connection when it settles early. */
class Exchange implements Dispatcher.DispatchHandler {
  #resolve: (reply: UpstreamReply) => void;
  #reject: (error: UpstreamError | Problem) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #failure: Error | undefined;
  #status = 0;
  #headers: UpstreamReply['headers'] = {};
  #chunks: Buffer[] = [];
  #timer: NodeJS.Timeout;
  #unsubscribe: (() => void) | undefined;

  constructor(
    { scope, timeoutMs }: UpstreamRequest,
    resolve: (reply: UpstreamReply) => void,
    reject: (error: UpstreamError | Problem) => void,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => {
      this.#abort(new UpstreamError('timeout', `no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    this.#unsubscribe = scope?.onCancel((why) => this.#abort(why));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It may have waited for a connection longer than anybody waited for it.
    if (this.#failure) controller.abort(this.#failure);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: UpstreamReply['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#failure) return;
    this.#settle();
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, text: whole.toString('utf8') });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#settle();
    this.#reject(new UpstreamError('network', describeNetworkError(error)));
  }

  #abort(why: UpstreamError | Problem): void {
    if (this.#failure) return;
    this.#failure = why;
    this.#settle();
    this.#controller?.abort(why);
    this.#reject(why);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
  }
}

/** A sentence for an operator. A host with two addresses fails with an empty message and the reasons inside. */
export function describeNetworkError(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  if (!(first instanceof Error)) return String(first);
  if (first.message === 'other side closed') return 'connection closed before the answer was complete';
  return first.message || (first as NodeJS.ErrnoException).code || first.name;
}
