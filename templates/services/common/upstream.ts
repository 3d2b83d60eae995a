import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Connections, describeNetworkError, neverSent } from './connections.ts';
import type { Problem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';

/** A whole answer of another service. */
export interface UpstreamReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** No usable answer: `timeout` means that ours ran out, `network` that the connection failed or broke. */
export class UpstreamError extends Error {
  readonly kind: 'timeout' | 'network';
  /** No connection was made: the other side knows nothing of the request. */
  readonly unreached: boolean;

  constructor(kind: 'timeout' | 'network', message: string, unreached = false) {
    super(message);
    this.kind = kind;
    this.unreached = unreached;
  }
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange, in milliseconds. A model may think for minutes: there is no other clock. */
  readonly timeoutMs: number;
  /** Its end (caller gone, deadline passed) closes the exchange and rejects with its `Problem`. */
  readonly scope?: RequestScope;
}

/** Answers above this are cut off: a broken service must not fill our memory. */
const MAX_REPLY_BYTES = 8 << 20;
const CONNECT_TIMEOUT_MS = 5000;

/** A client of one service, over connections that are kept. */
export class Upstream {
  readonly #connections: Connections;
  readonly #prefix: string;

  /** @param ip where the URL's name is to be found; without it the system looks it up for each connection */
  constructor(baseUrl: string, ip?: string) {
    const url = new URL(baseUrl);
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#connections = new Connections(url, CONNECT_TIMEOUT_MS, ip);
  }

  /** Rejects with an `UpstreamError`, or with the scope's `Problem`. Any status is an answer. */
  request(request: UpstreamRequest): Promise<UpstreamReply> {
    return new Promise((resolve, reject) => {
      new Exchange(this.#connections, this.#prefix + request.path, request, resolve, reject).send();
    });
  }

  /** Drops every connection. */
  close(): void {
    this.#connections.close();
  }
}

/** One request and its answer; settles once, and closes the connection when it settles early. */
class Exchange {
  readonly #connections: Connections;
  readonly #path: string;
  readonly #request: UpstreamRequest;
  readonly #resolve: (reply: UpstreamReply) => void;
  readonly #reject: (error: UpstreamError | Problem) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: (() => void) | undefined;
  #current: ClientRequest | undefined;
  #settled = false;
  #retried = false;

  constructor(
    connections: Connections,
    path: string,
    request: UpstreamRequest,
    resolve: (reply: UpstreamReply) => void,
    reject: (error: UpstreamError | Problem) => void,
  ) {
    this.#connections = connections;
    this.#path = path;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => {
      this.#abort(new UpstreamError('timeout', `no answer within ${Number((request.timeoutMs / 1000).toFixed(3))} s`));
    }, request.timeoutMs);
    this.#unsubscribe = request.scope?.onCancel((why) => this.#abort(why));
  }

  send(): void {
    if (this.#settled) return;
    const { method, body, headers } = this.#request;
    const current = this.#connections.request({ method, path: this.#path, headers: withBody(headers, body) });
    this.#current = current;
    current.on('response', (incoming) => this.#read(incoming));
    current.on('error', (error) => this.#fail(error, current));
    current.end(body);
  }

  #read(incoming: IncomingMessage): void {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_REPLY_BYTES) chunks.push(chunk);
      else this.#abort(new UpstreamError('network', `answer is larger than ${MAX_REPLY_BYTES} bytes`));
    });
    incoming.on('error', (error) => this.#fail(error));
    incoming.on('end', () => {
      if (!this.#settle()) return;
      const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      this.#resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: whole.toString('utf8') });
    });
  }

  #fail(error: Error, unanswered?: ClientRequest): void {
    // The other side closed an idle connection just as we took it: it has not seen the request.
    const code = (error as NodeJS.ErrnoException).code;
    if (unanswered?.reusedSocket && code === 'ECONNRESET' && !this.#retried && !this.#settled) {
      this.#retried = true;
      this.send();
      return;
    }
    if (this.#settle()) this.#reject(new UpstreamError('network', describeNetworkError(error), neverSent(error)));
  }

  #abort(why: UpstreamError | Problem): void {
    if (!this.#settle()) return;
    this.#current?.destroy();
    this.#reject(why);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
    return true;
  }
}

/** With its length, headers and body leave in one piece. */
function withBody(
  headers: Readonly<Record<string, string>> | undefined,
  body: string | undefined,
): Record<string, string | number> {
  if (body === undefined) return { ...headers };
  return { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
}
