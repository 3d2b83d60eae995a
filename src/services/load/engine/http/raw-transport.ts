import { isIP, type OnReadOpts, Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { WHOLE } from '../../schedule/timetable.ts';
import { type Exchange, failure, type OnEnd, type WireEnd } from '../exchange.ts';
import { localPorts } from '../local-ports.ts';
import type { RunOrder } from '../protocol.ts';
import type { RequestSource } from '../request-source.ts';
import { requestSource } from '../request-sources.ts';
import type { Resolved } from '../resolve.ts';
import { steadyNow } from '../steady-clock.ts';
import { RawConnection, type RawOwner } from './raw-connection.ts';
import type { HeadCache } from './response-parser.ts';

/** The kernel's search for a free port is flat until about half of the range; this is well below. */
const OWN_PORTS_ABOVE = 4000;
/**
 * Connections opened before the event loop may read answers: an answer frees a connection that then need not be opened.
 * Without a bound, a generator that had just started opened 6,800 to 10,000 of them at 40,000 requests per second; with
 * this one, 1,300 to 1,500.
 */
const MAX_CONNECTS_PER_TURN = 8;
/** Ports in use that are passed over for one connection before its request fails. */
const MAX_PORT_TRIES = 64;

/** What a connection that is not yet made has tried. */
interface Tried {
  readonly address: number;
  readonly ports: number;
}

/**
 * HTTP over bare sockets, TLS ones for https: about half of the processor time per request that a general client takes.
 * The connection that was used last goes first, and a new one is opened whenever none is idle: it never queues, what it is
 * given goes out at once.
 */
export class RawTransport implements RawOwner {
  readonly heads: HeadCache = { text: '', head: undefined };
  /** Connections opened so far. */
  opened = 0;
  /** Requests that were sent again because the server had closed their connection before it could see them. */
  retried = 0;
  readonly #resolved: Resolved;
  readonly #source: RequestSource;
  readonly #nextPort: () => number;
  readonly #onEnd: OnEnd;
  readonly #idle: RawConnection[] = [];
  readonly #all = new Set<RawConnection>();
  readonly #fresh = new Map<RawConnection, Tried>();
  readonly #maxServed: number;
  readonly #maxAge: number;
  readonly #maxConnects: number;
  readonly #ownPortsAbove: number;
  readonly #connect: Connect;
  /** The address that answered last. */
  #address = 0;
  #connects = 0;

  /** @param resolved what the target's name means */
  constructor(order: RunOrder, resolved: Resolved, onEnd: OnEnd) {
    const target = new URL(order.url);
    this.#resolved = resolved;
    this.#onEnd = onEnd;
    this.#source = requestSource(order);
    this.#nextPort = localPorts(order.share ?? WHOLE);
    this.#maxServed = order.requestsPerConnection ?? Number.POSITIVE_INFINITY;
    this.#maxAge = order.connectionAgeMs ?? Number.POSITIVE_INFINITY;
    this.#maxConnects = order.maxConnectsPerTick ?? MAX_CONNECTS_PER_TURN;
    this.#ownPortsAbove = order.ownPortsAbove ?? OWN_PORTS_ABOVE;
    this.#connect = connector(target);
  }

  /** A new turn of the event loop: as many connections may be opened again. */
  turn(): void {
    this.#connects = 0;
  }

  /** Whether a request can go out in this turn. */
  ready(): boolean {
    return this.#connects < this.#maxConnects || this.#idle.length > 0;
  }

  send(exchange: Exchange): void {
    const { failure: unresolved } = this.#resolved;
    if (unresolved !== undefined) {
      setImmediate(() => this.#onEnd(exchange, failure(unresolved)));
      return;
    }
    this.#sendOn(this.#takeIdle() ?? this.#open(this.#address, 0), exchange);
  }

  ended(connection: RawConnection, exchange: Exchange, end: WireEnd, reusable: boolean): void {
    if (this.#fresh.size > 0) this.#settled(connection);
    const young = steadyNow() - connection.openedAt < this.#maxAge;
    if (reusable && young && connection.served < this.#maxServed) this.#idle.push(connection);
    else this.#drop(connection);
    this.#onEnd(exchange, end);
  }

  lost(connection: RawConnection, exchange: Exchange | undefined, error: unknown, stale: boolean): void {
    const tried = this.#fresh.get(connection);
    this.#drop(connection);
    if (exchange === undefined) return;
    const again = stale ? this.#retry(exchange) : tried === undefined ? undefined : this.#elsewhere(tried, error);
    if (again === undefined) this.#onEnd(exchange, failure(error));
    else this.#sendOn(again, exchange);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
    this.#all.clear();
    this.#fresh.clear();
    this.#idle.length = 0;
  }

  #sendOn(connection: RawConnection, exchange: Exchange): void {
    exchange.abandon = () => this.#drop(connection);
    connection.send(exchange, this.#source);
  }

  #takeIdle(): RawConnection | undefined {
    const now = steadyNow();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable(now) && now - idle.openedAt < this.#maxAge) return idle;
      this.#drop(idle);
    }
    return undefined;
  }

  #retry(exchange: Exchange): RawConnection | undefined {
    if (exchange.retried) return undefined;
    exchange.retried = true;
    this.retried++;
    return this.#open(this.#address, 0);
  }

  /** Another port where one was in use, another address where one did not answer. */
  #elsewhere({ address, ports }: Tried, error: unknown): RawConnection | undefined {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL') {
      return ports < MAX_PORT_TRIES ? this.#open(address, ports + 1) : undefined;
    }
    if (code !== 'ECONNREFUSED' && code !== 'ENETUNREACH' && code !== 'EHOSTUNREACH') return undefined;
    return address + 1 < this.#resolved.addresses.length ? this.#open(address + 1, 0) : undefined;
  }

  #open(address: number, ports: number): RawConnection {
    const { addresses } = this.#resolved;
    const to = addresses[address] ?? addresses[0];
    const from = ports > 0 || this.#all.size >= this.#ownPortsAbove ? { localPort: this.#nextPort() } : {};
    this.#connects++;
    // A port that was in use made no connection.
    if (ports === 0) this.opened++;
    const connection = new RawConnection((onread) => this.#connect(onread, { host: to?.address ?? '', ...from }), this);
    this.#all.add(connection);
    this.#fresh.set(connection, { address, ports });
    return connection;
  }

  /** The first answer on it: its address works. */
  #settled(connection: RawConnection): void {
    const tried = this.#fresh.get(connection);
    if (tried === undefined) return;
    this.#fresh.delete(connection);
    this.#address = tried.address;
  }

  #drop(connection: RawConnection): void {
    connection.destroy();
    this.#all.delete(connection);
    this.#fresh.delete(connection);
  }
}

type Connect = (onread: OnReadOpts, to: Omit<TcpSocketConnectOpts, 'port'>) => Socket;

/** What makes connections to an origin. One over TLS takes up the session of an earlier one, as any client does. */
function connector({ protocol, hostname, port }: URL): Connect {
  const name = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:') {
    return (onread, to) =>
      new Socket({ onread, noDelay: true } as SocketConstructorOpts).connect({ ...to, port: Number(port || 80) });
  }
  const origin = { port: Number(port || 443), servername: isIP(name) === 0 ? name : '', ALPNProtocols: ['http/1.1'] };
  let session: Buffer | undefined;
  return (onread, to) => {
    const options = { ...origin, ...to, onread, noDelay: true, session };
    const socket = connectTls(options as ConnectionOptions);
    return socket.on('session', (latest) => {
      session = latest;
    });
  };
}
