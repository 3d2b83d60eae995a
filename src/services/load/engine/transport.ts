import type { Exchange, WireEnd } from './exchange.ts';

/** Called once per request unless it was abandoned before. */
export type OnEnd = (exchange: Exchange, end: WireEnd) => void;

/** How connections are used; everything is optional. */
export interface ConnectionControls {
  /** A connection is closed after so many requests. A load balancer only spreads what arrives on new ones. */
  readonly requestsPerConnection?: number;
  /** A connection takes no further request when it is older than this. */
  readonly connectionAgeMs?: number;
  /**
   * Connections opened in one turn of the event loop. A request that needs one more waits for the next turn, and the
   * wait is lateness. Default: 8.
   */
  readonly maxConnectsPerTick?: number;
  /**
   * From so many open connections on, the source port is chosen here: the kernel's own search costs 40 us a connection
   * until about half of the range is in use, and 20 times as much afterwards.
   */
  readonly ownPortsAbove?: number;
}

/** Sends requests to one origin over connections of its own. It never queues: what it is given goes out at once. */
export interface Transport {
  /** Connections opened so far. */
  readonly opened: number;
  /** Requests that were sent again because the server had closed their connection before it could see them. */
  readonly retried: number;
  /** A new turn of the event loop: as many connections may be opened again. */
  turn(): void;
  /** Whether a request can go out in this turn. */
  ready(): boolean;
  send(exchange: Exchange): void;
  close(): void;
}
