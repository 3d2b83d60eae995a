/** Why a request did not succeed; `ok` is the only success. */
export type Outcome = 'ok' | 'http_error' | 'transport_error' | 'timeout' | 'invalid' | 'incomplete';

/** Milliseconds, two or three decimals at most are meaningful. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** What a sweep is going to do; known before the first request. */
export interface SweepPlan {
  readonly runId: string;
  readonly tag: string;
  readonly targetUrl: string;
  readonly simulated: boolean;
  /** Arrival rates in requests per second, in the order in which they are offered. */
  readonly rates: readonly number[];
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
  readonly timeoutSeconds: number;
  readonly drainSeconds: number;
  readonly totalRequests: number;
  /** Sent before the windows at the points' rates, and not in any figure. */
  readonly warmupRequests: number;
  /** Requests due while so many are open are dropped and counted. */
  readonly maxInFlight: number;
  /** Without drains, which depend on the target. */
  readonly estimateSeconds: number;
}

/** A few times a second while a point runs; what a live view needs. */
export interface SweepTick {
  readonly index: number;
  readonly rate: number;
  readonly phase: 'warmup' | 'measure' | 'drain';
  /** Seconds since the phase began, and its planned length (for `drain`: the bound). */
  readonly elapsedSeconds: number;
  readonly phaseSeconds: number;
  readonly scheduled: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Requests sent during the last second. */
  readonly sentPerSecond: number;
  /** Estimated seconds to the end of the sweep. */
  readonly etaSeconds: number;
}

/** One finished (or interrupted) point of the ladder. */
export interface PointSummary {
  readonly index: number;
  /** Offered arrival rate, requests per second. */
  readonly rate: number;
  readonly status: 'complete' | 'interrupted';
  /** `valid`, or the reason for which this point says nothing about the target. */
  readonly validity: string;
  /** Length of the window; of an interrupted point, the part that was measured. */
  readonly durationSeconds: number;
  /** Beginning of the window, ISO 8601 UTC. */
  readonly startedAt: string;
  readonly scheduled: number;
  readonly sent: number;
  readonly dropped: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** `503`, `ECONNREFUSED`, `timeout`, ... -> count. */
  readonly errorsByClass: Readonly<Record<string, number>>;
  /** Requests sent per second of the point's duration. */
  readonly sentRps: number;
  /** Successful answers per second of the point's duration. */
  readonly okRps: number;
  /**
   * Successful answers per second from the beginning of the window to the last of them: what the target got done. Far
   * below `okRps` where it worked off a backlog during the drain.
   */
  readonly servedRps: number;
  /** Response time of successes, measured from the intended time; absent when nothing succeeded. */
  readonly response?: Percentiles & { readonly mean: number };
  /** Sent minus intended. */
  readonly lateness?: Percentiles;
  /** Service time of successes: end minus sent. */
  readonly service?: Percentiles & { readonly mean: number };
  readonly peakInFlight: number;
  readonly newConnections: number;
  /** Processor cores that the generator kept busy, warm-up and drain included. */
  readonly generatorCores: number;
  /** Answers per host of B. */
  readonly hosts: Readonly<Record<string, number>>;
  readonly perRequestCsv: string;
}

export interface SweepReport {
  readonly plan: SweepPlan;
  readonly points: readonly PointSummary[];
  readonly status: 'complete' | 'interrupted';
  /** What ended the sweep early when it was not the operator, e.g. a full disk. */
  readonly problem?: string;
  readonly summaryCsv: string;
  readonly runFolder: string;
}
