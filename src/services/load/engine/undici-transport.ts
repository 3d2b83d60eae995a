import type { LookupFunction, Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { type Exchange, MAX_ANSWER_BYTES } from './exchange.ts';
import { failure } from './failure.ts';
import type { RequestTemplate } from './request-template.ts';
import type { ConnectionControls, OnEnd, Transport } from './transport.ts';

type Connect = (...args: Parameters<buildConnector.connector>) => Socket;

/** One keep-alive connection, used by one request at a time. */
class Connection {
  readonly #client: Client;
  readonly openedAt: number;
  served = 0;
  #socket: Socket | undefined;
  #destroyed = false;
  busy = true;

  constructor(origin: string, connect: Connect, now: number) {
    this.openedAt = now;
    this.#client = new Client(origin, {
      pipelining: 1,
      // The exchange has one timer of its own for the whole request; these would only be more of them.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        this.#socket = connect(options, callback);
        // While a request is on its way, what a closed socket means for it is undici's to say: an error when it was
        // sent, another connection when it was not.
        this.#socket.once('close', () => {
          if (!this.busy) this.destroy();
        });
      },
    });
    // Failures reach the request's own handler.
    this.#client.on('connectionError', () => {});
  }

  /** Whether another request may follow on the same socket. */
  get reusable(): boolean {
    return !this.#destroyed && this.#socket?.destroyed === false;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  /** Frees the socket at once, also while it is still connecting. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#socket?.destroy();
    void this.#client.destroy();
  }
}

export interface UndiciOptions {
  readonly target: URL;
  /** Name resolution, kept for the life of this object so that it costs nothing per connection. */
  readonly lookup: LookupFunction;
  readonly controls: ConnectionControls;
  readonly now: () => number;
  readonly template: RequestTemplate;
}

/** HTTPS, and plain HTTP where it is asked for: one undici client per connection, the one that was used last first. */
export class UndiciTransport implements Transport {
  readonly retried = 0;
  readonly #options: UndiciOptions;
  readonly #onEnd: OnEnd;
  readonly #connect: Connect;
  readonly #path: string;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #opened = 0;
  #connects = 0;

  constructor(options: UndiciOptions, onEnd: OnEnd) {
    this.#options = options;
    this.#onEnd = onEnd;
    this.#path = `${options.target.pathname}${options.target.search}`;
    // No timer of its own: the bound of the whole request covers connecting. It returns its socket, untyped.
    const { lookup } = options;
    const connect = buildConnector({ timeout: 0, lookup } as buildConnector.BuildOptions) as Connect;
    this.#connect = (...args) => {
      this.#opened++;
      return connect(...args);
    };
  }

  get opened(): number {
    return this.#opened;
  }

  turn(): void {
    this.#connects = 0;
  }

  ready(): boolean {
    return this.#idle.length > 0 || this.#connects < (this.#options.controls.maxConnectsPerTick ?? Infinity);
  }

  send(exchange: Exchange): void {
    const connection = this.#take();
    exchange.abandon = () => this.#drop(connection);
    const { template } = this.#options;
    const { index } = exchange;
    connection.dispatch(
      { path: this.#path, method: 'POST', headers: template.headers(index), body: template.body(index) },
      this.#handler(connection, exchange),
    );
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
    this.#all.clear();
    this.#idle.length = 0;
  }

  #handler(connection: Connection, exchange: Exchange): Dispatcher.DispatchHandler {
    let bytes = 0;
    let type = '';
    let location: string | undefined;
    const chunks: Buffer[] = [];
    return {
      // undici takes a handler for one of its new kind when this is there.
      onRequestStart() {},
      onResponseStart(_controller, status, headers) {
        exchange.status = status;
        [location] = [headers.location ?? []].flat();
        type = String(headers['content-type'] ?? '').split(';', 1)[0] as string;
      },
      onResponseData: (_controller, chunk) => {
        exchange.meter?.take(chunk, 0, chunk.length, this.#options.now(), type.trim().toLowerCase());
        if (exchange.meter !== undefined && exchange.status === 200) return;
        bytes += chunk.length;
        if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
        else if (!exchange.done) {
          this.#drop(connection);
          this.#onEnd(exchange, { kind: 'too-long', status: exchange.status });
        }
      },
      onResponseEnd: () => {
        if (exchange.done) return;
        this.#giveBack(connection);
        const [only] = chunks;
        const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
        this.#onEnd(exchange, { kind: 'answer', status: exchange.status, text: body.toString('utf8'), location });
      },
      onResponseError: (_controller, error) => {
        if (exchange.done) return;
        this.#drop(connection);
        this.#onEnd(exchange, failure(exchange.status, error));
      },
    };
  }

  #take(): Connection {
    const now = this.#options.now();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.reusable && this.#young(idle, now)) {
        idle.busy = true;
        return idle;
      }
      this.#drop(idle);
    }
    this.#connects++;
    const fresh = new Connection(this.#options.target.origin, this.#connect, now);
    this.#all.add(fresh);
    return fresh;
  }

  #giveBack(connection: Connection): void {
    connection.busy = false;
    connection.served++;
    const used = connection.served >= (this.#options.controls.requestsPerConnection ?? Infinity);
    if (connection.reusable && !used && this.#young(connection, this.#options.now())) this.#idle.push(connection);
    else this.#drop(connection);
  }

  #young(connection: Connection, now: number): boolean {
    return now - connection.openedAt < (this.#options.controls.connectionAgeMs ?? Infinity);
  }

  #drop(connection: Connection): void {
    connection.destroy();
    this.#all.delete(connection);
  }
}
