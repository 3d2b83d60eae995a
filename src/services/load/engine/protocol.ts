import type { ProxyServer } from '../../dial/proxy.ts';
import type { PromptOptions } from '../prompt.ts';
import type { RequestForm } from '../protocols/ask.ts';
import type { ArrivalSettings } from '../schedule/timetable.ts';
import type { DrawnLengths } from '../workload/lengths.ts';
import type { WorkloadSettings } from '../workload/settings.ts';
import type { SessionCounts } from './feed/feed.ts';
import type { RecordColumns } from './record-columns.ts';

/** The messages between the sweep and a generator process. Times are milliseconds relative to the window's t0. */

/** Offer one rate. */
export interface RunOrder extends ArrivalSettings, PromptOptions {
  readonly type: 'run';
  readonly url: string;
  /** Stands between the generators and the target. */
  readonly proxy?: ProxyServer;
  /** Certificates of authorities that are trusted beside the usual ones, PEM. */
  readonly ca?: string;
  readonly form: RequestForm;
  /** What requests ask, where it is not one prompt for all. */
  readonly workload?: WorkloadSettings;
  /** How long to wait for open requests after the window. */
  readonly drainMs: number;
  /** Bound of one request, connecting included. */
  readonly timeoutMs: number;
  /** So many requests are always open instead of a rate: a closed loop. Of a group of generators, the part of this one. */
  readonly concurrency?: number;
  /** Requests of the window after which nothing more is sent; default: what the window brings. */
  readonly requests?: number;
  /** Requests of a session, each with the answers to those before; default 1. */
  readonly turns?: number;
  /** From the end of a turn to the next, milliseconds; default 0. */
  readonly thinkMs?: number;
  /** Where it is drawn for each turn, milliseconds. */
  readonly think?: DrawnLengths;
  /** Requests due while so many are open are dropped and counted; never queued. */
  readonly maxInFlight: number;
  /** Of every request, by lower-case names; may be secret: they go to the generators with their orders, and into no record. */
  readonly headers?: Readonly<Record<string, string>>;
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
  /** Beginning of the window on the machine's monotonic clock, milliseconds; default: as soon as possible. */
  readonly t0?: number;
}

/** Send nothing more; what is open may still end within `graceMs`. */
interface StopOrder {
  readonly type: 'stop';
  readonly graceMs: number;
}

/** Read what requests are made of: another order to run follows, and has no time for it. */
interface PrepareOrder {
  readonly type: 'prepare';
  readonly order: RunOrder;
}

export type Order = RunOrder | StopOrder | PrepareOrder;

/** Where a generator stands; warm-up requests are in `inFlight` and nowhere else. */
export interface Progress {
  readonly phase: 'warmup' | 'measure' | 'drain';
  /** Since t0: negative during the warm-up. */
  readonly elapsedMs: number;
  readonly sent: number;
  readonly dropped: number;
  readonly inFlight: number;
  readonly peakInFlight: number;
  readonly newConnections: number;
  /** Warm-up requests that succeeded within the window: as many as were open at its beginning and ended well in it. */
  readonly carried?: number | undefined;
  /** Given to another connection because the first was closed before a byte was written; absent when that cannot be told. */
  readonly retried?: number;
  /**
   * Requests of the warm-up that reached into the window of a closed loop and succeeded, each as the part of it that did:
   * without them its throughput would lack what was open when the window began.
   */
  readonly carriedParts?: number;
  /** Output tokens that came while the window lasted, whenever their requests were sent; streamed ones and others. */
  readonly windowTokens?: number | undefined;
  /** Of a point whose requests belong to sessions. */
  readonly sessions?: SessionCounts;
  /** Since the point began, user and system. */
  readonly cpuSeconds: number;
}

/** When a point ended before its window did: stopped, or because it had sent as many requests as it shall. */
export interface Ending {
  readonly stoppedAtMs?: number;
  readonly enoughAtMs?: number;
}

export type Report =
  | { readonly type: 'ready'; readonly descriptorLimit: number | undefined }
  /** What was to be prepared is, or why it cannot be. */
  | { readonly type: 'prepared'; readonly problem?: string }
  | { readonly type: 'batch'; readonly columns: RecordColumns; readonly progress: Progress }
  /** The last message of a point: nothing is open any more. */
  | ({ readonly type: 'finished'; readonly progress: Progress } & Ending);
