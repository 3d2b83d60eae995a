import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Connections, describeNetworkError, neverSent } from './connections.ts';
import { type Redact, redactor } from './redact.ts';
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

/** What the reader of a body tells about what it has read. */
interface BodyProgress {
  /** Something came that is waited for: its time begins anew. */
  more(): void;
  /** The answer is whole. Its end is waited for only so that the connection can be used again. */
  whole(): void;
}

/**
 * Takes the bytes of one read. What it throws ends the exchange, which then rejects with it.
 * @returns a promise where the next read has to wait: until it resolves nothing is read, and no time counts
 */
export type BytesReader = (bytes: Buffer, progress: BodyProgress) => Promise<void> | undefined;

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * For the whole exchange, in milliseconds. A model may think for minutes: there is no other clock. With `onBytes` until
   * that tells of progress, and from then on until it does again.
   */
  readonly timeoutMs: number;
  /** Takes the body of a 200 that is not one JSON value as it comes; the reply's text is empty then. */
  readonly onBytes?: BytesReader;
  /** Its end (caller gone, deadline passed) closes the exchange and rejects with its `Problem`. */
  readonly scope?: RequestScope;
  /** Told when it is sent a second time, since the other side had closed the connection before it came. */
  readonly onResend?: (() => void) | undefined;
}

/** Answers above this are cut off: a broken service must not fill our memory. */
const MAX_REPLY_BYTES = 8 << 20;
const CONNECT_TIMEOUT_MS = 5000;
/** A server that goes on after a whole answer loses its connection. */
const TAIL_MS = 1000;

/** A client of one service, over connections that are kept. */
export class Upstream {
  readonly #connections: Connections;
  readonly #prefix: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** Hides the key, in what the other side says. */
  readonly redact: Redact;

  /**
   * @param headers of every request
   * @param ip where the URL's name is to be found; without it the system looks it up for each connection
   * @param redact hides what the headers of single requests hold
   */
  constructor(baseUrl: string, headers: Readonly<Record<string, string>> = {}, ip?: string, redact?: Redact) {
    const url = new URL(baseUrl);
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#connections = new Connections(url, CONNECT_TIMEOUT_MS, ip);
    this.#headers = headers;
    this.redact = redact ?? redactor([headers.authorization]);
  }

  /** Rejects with an `UpstreamError`, with the scope's `Problem`, or with what `onBytes` throws. Any status is an answer. */
  request(request: UpstreamRequest): Promise<UpstreamReply> {
    const { method, body, timeoutMs, onBytes, scope, onResend } = request;
    const headers = withBody({ ...this.#headers, ...request.headers }, body);
    const sent = { method, path: this.#prefix + request.path, headers, timeoutMs, onBytes, scope, onResend };
    // No function of this place lives on: it would keep the body, which may be large, as long as the answer lasts.
    return this.#told(new Exchange(this.#connections, sent, body).begin());
  }

  /** Of what is no answer: an answer may hold whatever it likes. */
  async #told(asked: Promise<UpstreamReply>): Promise<UpstreamReply> {
    const reply = await asked;
    return reply.status === 200 ? reply : { ...reply, text: this.redact(reply.text) };
  }

  /** Drops every connection. */
  close(): void {
    this.#connections.close();
  }
}

/** What is kept of a request until its answer has ended; its body is not. */
interface Sent extends Pick<UpstreamRequest, 'method' | 'path' | 'timeoutMs'> {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly onBytes: BytesReader | undefined;
  readonly scope: RequestScope | undefined;
  readonly onResend: (() => void) | undefined;
}

/** One request and its answer; settles once, and closes the connection when it settles early. */
class Exchange {
  readonly #connections: Connections;
  readonly #request: Sent;
  readonly #answer = Promise.withResolvers<UpstreamReply>();
  readonly #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout;
  #current: ClientRequest | undefined;
  #body: string | undefined;
  #sentAt = 0;
  #settled = false;
  #retried = false;
  #answered = false;
  /** Whoever reads the answer is slow: that is not the other side's time. */
  #paused = false;
  #stage: 'none' | 'some' = 'none';
  /** Set when the answer has come whole, whatever becomes of the connection. */
  #whole: UpstreamReply | undefined;

  constructor(connections: Connections, request: Sent, body: string | undefined) {
    this.#connections = connections;
    this.#request = request;
    this.#body = body;
    this.#timer = setTimeout(() => this.#late(), request.timeoutMs);
    this.#unsubscribe = request.scope?.onCancel((why) => this.#abort(why));
  }

  begin(): Promise<UpstreamReply> {
    try {
      this.#send();
    } catch (error) {
      // Of a header that cannot be sent, for one.
      this.#abort(error);
    }
    return this.#answer.promise;
  }

  #send(): void {
    if (this.#settled) return;
    const { method, path, headers } = this.#request;
    const current = this.#connections.request({ method, path, headers });
    this.#current = current;
    this.#sentAt = performance.now();
    current.on('response', (incoming) => {
      if (this.#connections.isClosedAfter(incoming)) current.shouldKeepAlive = false;
      this.#read(incoming);
    });
    current.on('error', (error) => this.#fail(error, current));
    // Without a word: an answer that asks for another protocol (101).
    current.on('close', () => {
      if (!this.#answered && current === this.#current) this.#fail(new Error('socket hang up'));
    });
    current.end(this.#body);
  }

  #read(incoming: IncomingMessage): void {
    // A conversation may be large, and its answer long: it is not sent again.
    this.#body = undefined;
    this.#answered = true;
    const { onBytes } = this.#request;
    incoming.on('error', (error) => this.#fail(error));
    if (onBytes && incoming.statusCode === 200 && !isJson(incoming)) this.#pass(incoming, onBytes);
    else this.#collect(incoming);
  }

  #collect(incoming: IncomingMessage): void {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_REPLY_BYTES) chunks.push(chunk);
      else this.#abort(new UpstreamError('network', `answer is larger than ${MAX_REPLY_BYTES} bytes`));
    });
    incoming.on('end', () => {
      if (!this.#settle()) return;
      const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      this.#answer.resolve(replyOf(incoming, whole.toString('utf8')));
    });
  }

  /** Each token is a chunk of its own on the wire: `readable` comes once for all chunks of one read of the socket. */
  #pass(incoming: IncomingMessage, onBytes: BytesReader): void {
    const progress: BodyProgress = {
      more: () => {
        this.#stage = 'some';
        this.#timer.refresh();
      },
      whole: () => {
        this.#whole = replyOf(incoming, '');
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#late(), TAIL_MS);
      },
    };
    const read = () => {
      if (this.#paused || this.#settled) return;
      const chunks: Buffer[] = [];
      for (let chunk = incoming.read(); chunk !== null; chunk = incoming.read()) chunks.push(chunk);
      if (chunks.length === 0 || this.#whole) return;
      try {
        const wait = onBytes(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks), progress);
        if (wait !== undefined) this.#pause(wait, read);
      } catch (error) {
        this.#abort(error);
      }
    };
    incoming.on('readable', read);
    incoming.on('end', () => this.#settle() && this.#answer.resolve(replyOf(incoming, '')));
  }

  #pause(wait: Promise<void>, read: () => void): void {
    this.#paused = true;
    wait.then(
      () => {
        this.#paused = false;
        if (this.#settled) return;
        this.#timer.refresh();
        read();
      },
      (error) => this.#abort(error),
    );
  }

  #late(): void {
    if (this.#paused) {
      this.#timer.refresh();
    } else {
      const seconds = Number((this.#request.timeoutMs / 1000).toFixed(3));
      const what = this.#stage === 'none' ? 'no answer' : 'nothing more';
      this.#abort(new UpstreamError('timeout', `${what} within ${seconds} s`));
    }
  }

  #fail(error: Error, unanswered?: ClientRequest): void {
    const isFirst = !this.#answered && !this.#retried && !this.#settled;
    if (isFirst && unanswered?.reusedSocket && this.#wasClosedBefore(error)) {
      this.#retried = true;
      this.#request.onResend?.();
      this.#send();
      return;
    }
    if (isFirst && unanswered?.reusedSocket) this.#connections.broke(unanswered.socket);
    this.#abort(new UpstreamError('network', describeNetworkError(error), neverSent(error)));
  }

  /**
   * The other side closed an idle connection just as we took it. Whatever it does about the request comes one round trip
   * after that was sent, or later: what comes earlier was done before it had the request.
   */
  #wasClosedBefore(error: Error): boolean {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') return false;
    return this.#request.method === 'GET' || performance.now() - this.#sentAt < this.#connections.roundTripMs;
  }

  #abort(why: unknown): void {
    if (!this.#settle()) return;
    this.#current?.destroy();
    if (this.#whole && why instanceof UpstreamError) this.#answer.resolve(this.#whole);
    else this.#answer.reject(why);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
    return true;
  }
}

function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/json\b/i.test(headers['content-type'] ?? '');
}

function replyOf({ statusCode = 0, headers }: IncomingMessage, text: string): UpstreamReply {
  return { status: statusCode, headers, text };
}

/** With its length, headers and body leave in one piece. */
function withBody(
  headers: Record<string, string | number>,
  body: string | undefined,
): Readonly<Record<string, string | number>> {
  if (body === undefined) return headers;
  headers['content-type'] = 'application/json';
  headers['content-length'] = Buffer.byteLength(body);
  return headers;
}
