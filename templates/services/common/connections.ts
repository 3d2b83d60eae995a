import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIPv6, type LookupFunction, type Socket } from 'node:net';

/**
 * Idle connections are closed after this, in milliseconds: before the other side does so, which may be just when a request
 * is on its way. The shortest limit in use is 5 s: uvicorn's, llama-server's, Node's. One that is told is kept to as well.
 */
const IDLE_MS = 4000;
const MAX_IDLE = 1024;

/** An agent that keeps its connections open between requests, for `http:` or `https:` as the URL says. */
export function keepAliveAgent(url: URL): HttpAgent {
  const options = { keepAlive: true, maxFreeSockets: MAX_IDLE, timeout: IDLE_MS, scheduling: 'lifo' } as const;
  return url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
}

/**
 * Keep-alive connections to one origin.
 *
 * Built on Node's own client: bundled, undici 8 carries four WebAssembly parsers, which alone are most of the 200 KB
 * that a machine's metadata has room for, and the difference in cost is about 10 microseconds a request.
 */
export class Connections {
  readonly #agent: HttpAgent;
  readonly #send: (options: RequestOptions) => ClientRequest;
  readonly #origin: RequestOptions;
  readonly #connectTimeoutMs: number;
  #roundTripMs: number | undefined;
  /** Those whose last answer was of no told length. */
  readonly #streamed = new WeakSet<Socket>();
  #streamsClose = false;

  /** @param ip where the URL's name is to be found; certificates and `host` stay with the name */
  constructor(url: URL, connectTimeoutMs: number, ip?: string) {
    const secure = url.protocol === 'https:';
    this.#agent = keepAliveAgent(url);
    this.#send = secure ? httpsRequest : httpRequest;
    // URL keeps the brackets of an IPv6 address, a socket does not want them.
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    this.#origin = { hostname, port: url.port, agent: this.#agent, ...(ip && { lookup: pinnedTo(ip) }) };
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** The shortest time in which a connection was made, in milliseconds: the other side answers nothing in less. */
  get roundTripMs(): number {
    return this.#roundTripMs ?? 0;
  }

  /** Begins a request; the caller writes its body and listens. */
  request(options: RequestOptions): ClientRequest {
    const request = this.#send({ ...this.#origin, ...options });
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => request.destroy(connectTimeout(this.#connectTimeoutMs)), this.#connectTimeoutMs);
      let begunAt = performance.now();
      // Each address of a name; looking that up is no part of it.
      const attempt = () => {
        begunAt = performance.now();
      };
      const made = () => {
        this.#roundTripMs = Math.min(performance.now() - begunAt, this.#roundTripMs ?? Infinity);
        over();
      };
      // All leave together: what stays on a connection stays for its life.
      const over = () => {
        clearTimeout(timer);
        socket.off('connectionAttempt', attempt).off('connect', made).off('close', over);
      };
      socket.on('connectionAttempt', attempt).on('connect', made).on('close', over);
    });
    return request;
  }

  /**
   * Some servers promise to keep a connection, and close it after a stream: llama.cpp's does (so does all of cpp-httplib).
   * Whoever takes the connection before that is seen loses its request.
   */
  isClosedAfter({ headers, socket }: IncomingMessage): boolean {
    if (headers['transfer-encoding'] === undefined) {
      this.#streamed.delete(socket);
      return false;
    }
    this.#streamed.add(socket);
    return this.#streamsClose || headers.server === 'llama.cpp';
  }

  /** Told of a kept connection that broke before an answer: after a stream the other side may be such a server. */
  broke(socket: Socket | null): void {
    if (socket && this.#streamed.has(socket)) this.#streamsClose = true;
  }

  /** Drops every connection, those in use included. */
  close(): void {
    this.#agent.destroy();
  }
}

function pinnedTo(ip: string): LookupFunction {
  const family = isIPv6(ip) ? 6 : 4;
  return (_hostname, { all }, done) => (all ? done(null, [{ address: ip, family }]) : done(null, ip, family));
}

/**
 * True when the request has certainly not been sent: no connection was made. Codes of the system and of the resolver.
 */
export function neverSent(error: Error): boolean {
  const code = (firstOf(error) as NodeJS.ErrnoException).code;
  return code !== undefined && NEVER_SENT.has(code);
}

const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'CONNECT_TIMEOUT',
  // http-proxy-3's own.
  'ECONNECT_TIMEOUT',
]);

/** A sentence for an operator. A host with two addresses fails with an empty message and the reasons inside. */
export function describeNetworkError(error: Error): string {
  const first = firstOf(error);
  if (first.message === 'aborted' || first.message === 'socket hang up') {
    return 'connection closed before the answer was complete';
  }
  return first.message || (first as NodeJS.ErrnoException).code || first.name;
}

function firstOf(error: Error): Error {
  return error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
}

function connectTimeout(ms: number): Error {
  return Object.assign(new Error(`no connection within ${ms / 1000} s`), { code: 'CONNECT_TIMEOUT' });
}
