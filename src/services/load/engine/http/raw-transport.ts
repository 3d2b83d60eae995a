import type { Dialer } from '../../../dial/dialer.ts';
import { WHOLE } from '../../schedule/timetable.ts';
import type { LoadedData } from '../../workload/loaded.ts';
import { type Exchange, failure, type OnEnd, type WireEnd } from '../exchange.ts';
import { localPorts } from '../local-ports.ts';
import type { RunOrder } from '../protocol.ts';
import { ReadClock } from '../read-clock.ts';
import type { RequestSource } from '../request-source.ts';
import { requestSource } from '../request-sources.ts';
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
/** An idle connection is used no more after this where the server promises nothing; undici's default too. */
const IDLE_MS = 4000;
/** What is ended sooner is ended for another reason than that it was idle. */
const SHORTEST_PATIENCE_MS = 50;
/** Of the patience that a server has shown: a request has to arrive before it ends. */
const PATIENCE_SHARE = 0.75;
/** A connection that was idle for longer may have been ended since: the loop looks before a request is put on it. */
const FRESH_MS = 250;

/**
 * HTTP over bare sockets, TLS ones for https: about half of the processor time per request that a general client takes.
 * The connection that was used last goes first, and a new one is opened whenever none is idle: it never queues, what it is
 * given goes out at once. A request goes out once: only where not a byte of it could be written, it is given to another
 * connection, and counted.
 */
export class RawTransport implements RawOwner {
  readonly heads: HeadCache = { text: '', head: undefined };
  idleMs = IDLE_MS;
  readonly clock = new ReadClock();
  /** Connections opened so far. */
  opened = 0;
  /** Requests given to another connection, because the first had been closed before a byte of them was written. */
  retried = 0;
  readonly #dialer: Dialer;
  readonly #source: RequestSource;
  readonly #nextPort: () => number;
  readonly #onEnd: OnEnd;
  readonly #idle: RawConnection[] = [];
  readonly #all = new Set<RawConnection>();
  readonly #dialing = new Set<RawConnection>();
  /** Requests without a connection yet, the oldest first. */
  readonly #waiting = new Set<Exchange>();
  readonly #maxServed: number;
  readonly #maxAge: number;
  readonly #maxConnects: number;
  readonly #ownPortsAbove: number;
  #connects = 0;
  /** Connections have served more than one request: what waits may go out on one that is not new. */
  #comesFree = false;

  /** @param dialer makes connections to the target @param data what requests are made of */
  constructor(order: RunOrder, dialer: Dialer, data: LoadedData, onEnd: OnEnd) {
    this.#dialer = dialer;
    this.#onEnd = onEnd;
    this.#source = requestSource(order, data);
    this.#nextPort = localPorts(order.share ?? WHOLE);
    this.#maxServed = order.requestsPerConnection ?? Number.POSITIVE_INFINITY;
    this.#maxAge = order.connectionAgeMs ?? Number.POSITIVE_INFINITY;
    this.#maxConnects = order.maxConnectsPerTick ?? MAX_CONNECTS_PER_TURN;
    this.#ownPortsAbove = order.ownPortsAbove ?? OWN_PORTS_ABOVE;
  }

  /** A new turn of the event loop: as many connections may be opened again. */
  turn(): void {
    this.clock.begin();
    this.#connects = 0;
  }

  /** Whether it has to wait for connections that are being made before it takes more, longer than for the next turn. */
  get busy(): boolean {
    return this.#dialer.isBusy(!this.#comesFree);
  }

  /** Whether a request can go out in this turn. */
  ready(): boolean {
    return this.#idle.length > 0 || (this.#connects < this.#maxConnects && !this.busy);
  }

  send(exchange: Exchange): void {
    const now = steadyNow();
    const idle = this.#takeIdle(now);
    if (idle === undefined) this.#await(exchange);
    else if (idle.idleFor(now) < FRESH_MS) this.#sendOn(idle, exchange);
    else this.#sendAfterLook(idle, exchange);
  }

  ended(connection: RawConnection, exchange: Exchange, end: WireEnd, reusable: boolean): void {
    // A connection without a bound of its age needs no look at the clock.
    const young = this.#maxAge === Number.POSITIVE_INFINITY || steadyNow() - connection.openedAt < this.#maxAge;
    if (reusable && young && connection.served < this.#maxServed) {
      this.#comesFree = true;
      this.#offer(connection);
    } else this.#drop(connection);
    this.#onEnd(exchange, end);
  }

  connected(connection: RawConnection): void {
    this.#dialing.delete(connection);
    this.#offer(connection);
  }

  lost(connection: RawConnection, exchange: Exchange | undefined, error: unknown): void {
    const wasDialing = this.#dialing.has(connection);
    this.#drop(connection);
    // A connection that could not be made is the failure of one request, unless another one has served that.
    const met = wasDialing && this.#waiting.size > this.#dialing.size ? this.#nextWaiting() : exchange;
    if (met !== undefined) this.#onEnd(met, failure(error));
  }

  idleEnded(ms: number): void {
    if (ms >= SHORTEST_PATIENCE_MS) this.idleMs = Math.min(this.idleMs, PATIENCE_SHARE * ms);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
    this.#all.clear();
    this.#dialing.clear();
    this.#waiting.clear();
    this.#idle.length = 0;
  }

  /** Opens a connection for a request, which goes out on the first one that it can have: a handshake may take longer. */
  #await(exchange: Exchange): void {
    this.#waiting.add(exchange);
    exchange.abandon = () => {
      this.#waiting.delete(exchange);
      const [oldest] = this.#dialing;
      if (oldest !== undefined && this.#dialing.size > this.#waiting.size) this.#drop(oldest);
    };
    this.#open();
  }

  #offer(connection: RawConnection): void {
    const next = this.#nextWaiting();
    if (next === undefined) this.#idle.push(connection);
    else this.#sendOn(connection, next);
  }

  #nextWaiting(): Exchange | undefined {
    if (this.#waiting.size === 0) return undefined;
    const [next] = this.#waiting;
    this.#waiting.delete(next as Exchange);
    return next;
  }

  #sendOn(connection: RawConnection, exchange: Exchange): void {
    exchange.abandon = () => this.#drop(connection);
    if (connection.send(exchange, this.#source)) return;
    this.#drop(connection);
    this.retried++;
    this.send(exchange);
  }

  /** What has come from the server is read before `setImmediate`, the end of the connection too. */
  #sendAfterLook(idle: RawConnection, exchange: Exchange): void {
    exchange.abandon = () => this.#drop(idle);
    setImmediate(() => {
      if (exchange.done) return;
      if (idle.usable(steadyNow())) this.#sendOn(idle, exchange);
      else this.send(exchange);
    });
  }

  #takeIdle(now: number): RawConnection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable(now) && now - idle.openedAt < this.#maxAge) return idle;
      this.#drop(idle);
    }
    return undefined;
  }

  #open(): void {
    const terms = { nextPort: this.#nextPort, own: this.#all.size >= this.#ownPortsAbove };
    this.#connects++;
    this.opened++;
    const connection = new RawConnection((onread, done) => this.#dialer.dial({ onread, ...terms }, done), this);
    this.#all.add(connection);
    this.#dialing.add(connection);
  }

  #drop(connection: RawConnection): void {
    connection.destroy();
    this.#all.delete(connection);
    this.#dialing.delete(connection);
  }
}
