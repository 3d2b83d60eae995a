import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';

/** One keep-alive connection, used by one request at a time and thrown away with its socket. */
export class Connection {
  readonly #client: Client;
  #socket: Socket | undefined;
  #alive = true;

  constructor(origin: string, connect: (...args: Parameters<buildConnector.connector>) => Socket) {
    this.#client = new Client(origin, {
      pipelining: 1,
      // The exchange has one timer of its own for the whole request; these would only be more of them.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        this.#socket = connect(options, callback);
        this.#socket.once('close', () => this.destroy());
      },
    });
    // Failures reach the request's own handler.
    this.#client.on('connectionError', () => {});
  }

  get alive(): boolean {
    return this.#alive;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  /** Frees the socket at once, also while it is still connecting. */
  destroy(): void {
    if (!this.#alive) return;
    this.#alive = false;
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
  readonly #connect: (...args: Parameters<buildConnector.connector>) => Socket;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #opened = 0;

  /** @param lookup name resolution, kept for the life of this object so that it costs nothing per connection */
  constructor(origin: string, lookup: LookupFunction) {
    this.#origin = origin;
    // No timer of its own: the bound of the whole request covers connecting. It returns its socket, untyped.
    this.#connect = buildConnector({ timeout: 0, lookup } as buildConnector.BuildOptions) as (
      ...args: Parameters<buildConnector.connector>
    ) => Socket;
  }

  /** How many were opened so far. */
  get opened(): number {
    return this.#opened;
  }

  take(): Connection {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.alive) return idle;
      this.#all.delete(idle);
    }
    const fresh = new Connection(this.#origin, this.#connect);
    this.#all.add(fresh);
    this.#opened++;
    return fresh;
  }

  giveBack(connection: Connection): void {
    if (connection.alive) this.#idle.push(connection);
    else this.#all.delete(connection);
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
