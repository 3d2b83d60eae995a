import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Exchange } from './api/exchange.ts';
import { Env, EnvError } from './env.ts';
import { Problem } from './problem.ts';
import { readServerSettings } from './server-settings.ts';

/** What a program tells about itself to the part that runs it. */
export interface Service {
  readonly listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
  /** Called when a signal has asked for the end; health turns negative, work in flight goes on. */
  onDrain?(): void;
  /** Called when the time for what is in flight is over: what can still be told to callers is told now. */
  onDrainTimeout?(): void;
  /** Called once nothing is in flight or the time for it is over. */
  close?(): Promise<void>;
}

export interface ServiceContext {
  readonly env: Env;
  /** True from the first signal on: nothing new is started. */
  readonly draining: boolean;
  /** How long what is in flight may still take, in seconds; undefined before the first signal. */
  readonly drainSecondsLeft: number | undefined;
  /** Requests that have begun and whose answer has not been sent. */
  readonly inFlight: number;
  /** One line on stderr, with the program's name. */
  warn(line: string): void;
}

/**
 * Runs one HTTP program for the life of the process: settings from the environment (exit 2 when one is wrong),
 * listening (exit 1 when the address is taken), SIGTERM and SIGINT drain (exit 0). A second signal ends it at once.
 */
export async function runService(
  name: string,
  create: (context: ServiceContext) => Service,
  defaults: { port: number; address: string } = { port: 8000, address: '0.0.0.0' },
): Promise<void> {
  const runner = new Runner(name);
  try {
    await runner.start(create, defaults);
  } catch (error) {
    runner.warn(startError(error));
    process.exit(error instanceof EnvError ? 2 : 1);
  }
}

/** How long callers that are cut off have to read why. */
const LAST_WORDS_MS = 250;

class Runner implements ServiceContext {
  readonly env = new Env(process.env);
  draining = false;
  #drainEndsAt = 0;
  readonly #name: string;
  readonly #outgoing = new Set<ServerResponse>();
  #server: Server | undefined;
  #service: Service | undefined;
  #onIdle: (() => void) | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get inFlight(): number {
    return this.#outgoing.size;
  }

  get drainSecondsLeft(): number | undefined {
    return this.draining ? Math.max(0, (this.#drainEndsAt - performance.now()) / 1000) : undefined;
  }

  warn(line: string): void {
    process.stderr.write(`${this.#name}: ${line}\n`);
  }

  async start(
    create: (context: ServiceContext) => Service,
    defaults: { port: number; address: string },
  ): Promise<void> {
    const { port, address, drainMs, keepAliveMs, readMs } = readServerSettings(this.env, defaults);
    this.#service = create(this);
    const server = createServer({
      keepAliveTimeout: keepAliveMs,
      headersTimeout: readMs,
      // The body has its own clock (408 with a body of ours); this one is for whatever that one does not cover.
      requestTimeout: readMs * 2,
      connectionsCheckingInterval: Math.min(1000, readMs / 2),
      // Refused below, in our own words.
      requireHostHeader: false,
      noDelay: true,
    });
    this.#server = server;
    server.on('request', (incoming, outgoing) => this.#onRequest(incoming, outgoing));
    // Left unanswered until the body is wanted, so that refusing is free. The connection ends with the answer, since
    // a client that was refused may or may not send the body it announced.
    server.on('checkContinue', (incoming, outgoing) => {
      outgoing.shouldKeepAlive = false;
      this.#onRequest(incoming, outgoing);
    });
    server.on('checkExpectation', (incoming, outgoing) => {
      refuse(incoming, outgoing, new Problem(417, 'expect: nothing but 100-continue is known'));
    });
    server.on('connect', (incoming, socket) => {
      const outgoing = new ServerResponse(incoming);
      outgoing.assignSocket(socket as Socket);
      outgoing.once('finish', () => socket.end());
      socket.on('error', () => socket.destroy());
      refuse(incoming, outgoing, new Problem(405, 'this is no proxy for CONNECT', { allow: 'GET, HEAD, POST' }));
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (!isUnused(error, socket as Socket)) answerBrokenRequest(error, socket as Socket);
      else closeUnlessUsed(socket as Socket, Math.max(0, keepAliveMs - readMs));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: address, backlog: 4096 }, resolve);
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => void this.#drain(signal, drainMs));
    }
    const bound = server.address() as AddressInfo;
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
    this.warn(`listening on http://${host}:${bound.port}`);
  }

  #onRequest(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { url = '/', headers, httpVersion } = incoming;
    // A whole URL, as proxies are asked for it.
    if (!url.startsWith('/') && URL.canParse(url)) incoming.url = pathAndQuery(new URL(url));
    if (headers.host === undefined && httpVersion === '1.1') {
      refuse(incoming, outgoing, new Problem(400, 'a host header is required'));
      return;
    }
    this.#outgoing.add(outgoing);
    // While draining, every answer also ends its connection, so that clients move elsewhere.
    if (this.draining) outgoing.shouldKeepAlive = false;
    outgoing.once('close', () => {
      this.#outgoing.delete(outgoing);
      if (this.#outgoing.size === 0) this.#onIdle?.();
    });
    this.#service?.listener(incoming, outgoing);
  }

  async #drain(signal: string, drainMs: number): Promise<void> {
    if (this.draining) process.exit(signal === 'SIGINT' ? 130 : 143);
    this.draining = true;
    this.#drainEndsAt = performance.now() + drainMs;
    this.warn(`${signal}: draining, ${this.inFlight} in flight, at most ${drainMs / 1000} s`);
    for (const outgoing of this.#outgoing) outgoing.shouldKeepAlive = false;
    this.#service?.onDrain?.();
    await this.#idle(drainMs);
    if (this.inFlight > 0) {
      this.warn(`${this.inFlight} requests did not finish in time and are cut off`);
      this.#service?.onDrainTimeout?.();
      await this.#idle(LAST_WORDS_MS);
    }
    this.#server?.close();
    this.#server?.closeAllConnections();
    await this.#service?.close?.();
    process.exit(0);
  }

  #idle(timeoutMs: number): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Node counts the time for headers from the connection's beginning. A load balancer opens connections ahead, and an answer
 * to no request on one of them would be taken for that to the request which is just being sent.
 */
function isUnused({ code }: NodeJS.ErrnoException, { bytesRead }: Socket): boolean {
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' && bytesRead === 0;
}

function closeUnlessUsed(socket: Socket, afterMs: number): void {
  const timer = setTimeout(() => {
    // An empty line is no beginning of a request, either.
    if (socket.bytesRead <= 2) socket.destroy();
  }, afterMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function pathAndQuery({ pathname, search }: URL): string {
  return `${pathname.startsWith('/') ? pathname : '/'}${search}`;
}

/** Refuses what no program is asked about. What stands behind it on the connection may be a body, so that ends, too. */
function refuse(incoming: IncomingMessage, outgoing: ServerResponse, problem: Problem): void {
  outgoing.shouldKeepAlive = false;
  const path = (incoming.url ?? '').split('?', 1)[0] as string;
  new Exchange(incoming, outgoing, path).fail(problem);
}

/** Headers that never end or cannot be parsed: an answer in the services' own form, then the connection closes. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, detail] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'request did not arrive in time']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'headers are too large']
        : ['400 Bad Request', 'request is not valid HTTP'];
  const body = JSON.stringify({ detail });
  socket.end(
    `HTTP/1.1 ${status}\r\nx-request-id: ${randomUUID()}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function startError(error: unknown): string {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') return `address ${address}:${port} is already in use (PORT, BIND_ADDRESS)`;
  if (code === 'EACCES') return `not allowed to listen on ${address}:${port} (PORT, BIND_ADDRESS)`;
  if (code === 'EADDRNOTAVAIL') return `${address} is not an address of this machine (BIND_ADDRESS)`;
  return message ?? String(error);
}
