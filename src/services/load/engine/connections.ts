import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';

type Connect = (...args: Parameters<buildConnector.connector>) => Socket;

/** One keep-alive connection, used by one request at a time. */
export class Connection {
  readonly #client: Client;
  #socket: Socket | undefined;
  #destroyed = false;
  busy = true;

  constructor(origin: string, connect: Connect) {
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

/**
 * The connections to one origin: the one that was used last goes first, and a new one is opened whenever none is idle.
 * There is no upper bound here and no queue: an open loop must not wait for its own connections.
 */
export class Connections {
  readonly #origin: string;
  readonly #connect: Connect;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #opened = 0;

  /** @param lookup name resolution, kept for the life of this object so that it costs nothing per connection */
  constructor(origin: string, lookup: LookupFunction) {
    this.#origin = origin;
    // No timer of its own: the bound of the whole request covers connecting. It returns its socket, untyped.
    const connect = buildConnector({ timeout: 0, lookup } as buildConnector.BuildOptions) as Connect;
    this.#connect = (options, callback) => {
      this.#opened++;
      return connect(options, callback);
    };
  }

  /** How many were opened so far. */
  get opened(): number {
    return this.#opened;
  }

  take(): Connection {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.reusable) {
        idle.busy = true;
        return idle;
      }
      this.discard(idle);
    }
    const fresh = new Connection(this.#origin, this.#connect);
    this.#all.add(fresh);
    return fresh;
  }

  giveBack(connection: Connection): void {
    connection.busy = false;
    if (connection.reusable) this.#idle.push(connection);
    else this.discard(connection);
  }

  discard(connection: Connection): void {
    connection.destroy();
    this.#all.delete(connection);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
    this.#all.clear();
    this.#idle.length = 0;
  }
}

/**
 * Resolves a host name once, for as many connections as follow. A failure is handed to each of them, so that it is
 * counted as what every request met.
 */
export async function resolveOnce(hostname: string): Promise<LookupFunction> {
  let addresses: LookupAddress[] = [];
  let failure: NodeJS.ErrnoException | null = null;
  try {
    addresses = await systemLookup(hostname.replace(/^\[|\]$/g, ''), { all: true });
  } catch (error) {
    failure = error as NodeJS.ErrnoException;
  }
  return (_name, options, callback) => {
    const first = addresses[0];
    if (failure !== null || first === undefined) callback(failure ?? new Error('no address'), '', 0);
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  };
}
