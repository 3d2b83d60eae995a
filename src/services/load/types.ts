import type { ElasticOutcome } from './elastic-outcome.ts';
import type { AnswersTold, Refuser } from './failures.ts';
import type {
  Certainty,
  Distribution,
  Goodput,
  Interval,
  KneeSearch,
  ObjectiveFigure,
  ObjectiveLimit,
  Percentiles,
  SloVerdict,
  Waterfall,
} from './figures.ts';
import type { StreamFigures, TokenFigures } from './token-figures.ts';
import type { AskedFigures, TurnFigures, WorkloadPlan } from './workload/figures.ts';

export type {
  Certainty,
  Distribution,
  Excess,
  Goodput,
  Interval,
  KneeSearch,
  ModelWork,
  ObjectiveFigure,
  ObjectiveLimit,
  Percentiles,
  SloVerdict,
  Unmeasured,
  Waterfall,
} from './figures.ts';

export type { HopFigures, StreamFigures, TokenFigures } from './token-figures.ts';

/** Why a request did not succeed; `ok` is the only success. */
export type Outcome = 'ok' | 'http_error' | 'transport_error' | 'timeout' | 'invalid' | 'incomplete';

/**
 * Whether the target kept up while the window lasted: `steady`, still `filling` (the window is short against the
 * response time), `overloaded` (whoever comes later waits longer), or `unknown`: the point is no evidence of either.
 */
export interface PointState {
  readonly state: 'steady' | 'filling' | 'overloaded' | 'unknown';
  /** One sentence: the evidence, and where it helps a better duration. */
  readonly reason: string;
  /** Least-squares slope of the requests in flight over the middle of the window, requests per second. */
  readonly inFlightSlope?: number;
  /** Little's law over the middle window: arrival rate x mean time in system, against the mean that was in flight. */
  readonly little?: { readonly expected: number; readonly observed: number };
  readonly suggestedDurationSeconds?: number;
}

/** One second of a point, for time series; everything counts within that second. */
export interface SecondSample {
  /** Seconds since the beginning of the window; negative during the warm-up. */
  readonly second: number;
  readonly phase: 'warmup' | 'measure' | 'drain';
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** At the end of the second. */
  readonly inFlight: number;
  /** Response time of the successes that ended in it, milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  readonly latenessP99?: number;
  readonly hosts: Readonly<Record<string, number>>;
}

/** The highest rate that the target sustained: goodput at least 98 % of what was offered, nothing dropped, steady. */
export interface Knee {
  readonly rate: number;
  readonly index: number;
  /** The lowest rate above it that was not sustained; between them may be points that do not tell. */
  readonly above?: number;
  /** Where it was searched under objectives: what gives way first, and where the limit lies with 99 % confidence. */
  readonly limitedBy?: string;
  readonly interval?: Interval;
}

/** Of a sweep that decides its points while it runs: `rates` are the bounds, and in the report what was offered. */
interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly maxPoints: number;
}

/** How the sessions of a point came out: all turns answered, a turn failed, or the point was over before the last turn. */
interface Sessions {
  readonly complete: number;
  readonly broken: number;
  readonly cut: number;
}

/** What a sweep is going to do; known before the first request. */
export interface SweepPlan {
  readonly runId: string;
  readonly tag: string;
  readonly targetUrl: string;
  /** Name of the request protocol; absent: the path of the URL tells (as in earlier versions). */
  readonly api?: string;
  /** The model that requests name, and who makes what answers, as telemetry calls it; where they are known. */
  readonly model?: string;
  readonly provider?: string;
  readonly simulated: boolean;
  /** Arrival rates in requests per second, in the order in which they are offered; of a closed loop, requests kept open. */
  readonly rates: readonly number[];
  /** So many requests are always open, and the next one waits for an answer. Absent: an open loop. */
  readonly loop?: 'closed';
  /** Requests of the window after which a point ends. */
  readonly requests?: number;
  /** Requests of a session, each with the answers to those before, and the time from an answer to the next one. */
  readonly turns?: number;
  readonly thinkSeconds?: number;
  /** Where that is drawn, as it was typed. */
  readonly think?: string;
  /** Answers are asked for as streams; absent in earlier versions. */
  readonly stream?: boolean;
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
  readonly timeoutSeconds: number;
  readonly drainSeconds: number;
  readonly totalRequests: number;
  /** Sent before the windows at the points' rates, and not in any figure. */
  readonly warmupRequests: number;
  /** Requests due while so many are open are dropped and counted. */
  readonly maxInFlight: number;
  /** While the target answers as fast as the probe did, drains included; without a probe, without drains. */
  readonly estimateSeconds: number;
  /** A search for the knee. A point that does not tell is offered again, for so long at most (not in earlier versions). */
  readonly search?: Bounds & { readonly maxDurationSeconds?: number };
  /** A search for the highest rate at which these objectives hold, as typed or implied; with points of so long at most. */
  readonly limit?: Bounds & { readonly objectives: readonly string[]; readonly maxDurationSeconds: number };
  /** It makes a group grow, to this size where it is known, and shrink. The same rate may come more than once. */
  readonly elastic?: Bounds & { readonly group: string; readonly size?: number };
  /** About so many tokens that all prompts begin with alike, which a prompt cache serves; absent: they share nothing. */
  readonly sharedPrefixTokens?: number;
  /** What a request has to meet to be good, as typed; see {@link PointSummary.good}. */
  readonly goodput?: readonly string[];
  readonly workload?: WorkloadPlan;
  /** Points last until this percentile is certain; `durationSeconds` is then the least. */
  readonly untilCertain?: { readonly metric: string; readonly width: number; readonly maxDurationSeconds: number };
  /** Of one request with nothing else going on, milliseconds; what the gate between points waits to see again. */
  readonly probeMs?: number;
  /** Why a single request before the sweep was no success. */
  readonly probeFailure?: string;
  /** By Little's law from the probe, per point: requests in flight when the target is as fast under load. */
  readonly predictedInFlight?: readonly number[];
}

/** A few times a second while a point runs; what a live view needs. */
export interface SweepTick
  extends Pick<PointSummary, 'index' | 'rate' | 'loop' | 'scheduled' | 'sent'>,
    Partial<Pick<PointSummary, 'errorsByClass' | 'hosts'>> {
  /** Of those that have ended, how many keep every limit of `--goodput`. */
  readonly good?: number;
  readonly phase: 'warmup' | 'measure' | 'drain';
  /** Seconds since the phase began, and its planned length (for `drain`: the bound). */
  readonly elapsedSeconds: number;
  readonly phaseSeconds: number;
  readonly ok: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Requests sent during the last second, or the last three where these took longer, per second. */
  readonly sentPerSecond: number;
  /** Estimated seconds to the end of the sweep, drains included. */
  readonly etaSeconds: number;
  /** Set while a point drains: the estimate is the longest that it can take. */
  readonly etaAtMost?: boolean;
  /** Set where the sweep decides which points follow: the estimate is of this point. */
  readonly etaOfPoint?: boolean;
  /** So far in this point: response time of successes, and lateness, milliseconds. */
  readonly response?: Percentiles;
  readonly lateness?: Percentiles;
  /** Of streams that ended: to the first token of the answer, from the intended time. */
  readonly ttft?: Percentiles;
  /** Median response time of each of the last seconds, oldest first, at most 60; 0 for a second without success. */
  readonly responseHistory?: readonly number[];
}

/** One finished (or interrupted) point of the ladder. */
export interface PointSummary extends AnswersTold {
  readonly index: number;
  /** Offered arrival rate, requests per second; of a closed loop, the requests that were kept open. */
  readonly rate: number;
  /** Times of a closed loop have no waiting in them that an open one shows, and its rate is an outcome. */
  readonly loop?: 'closed';
  /** Of a closed loop: the requests that were kept open. */
  readonly concurrency?: number;
  /** `cut`: the operator did not want the rest of it; `aborted`: a condition of `--abort-on` was met. */
  readonly status: 'complete' | 'interrupted' | 'cut' | 'skipped' | 'aborted';
  /** `valid`, `failed` where not one request succeeded, or the reason why this says nothing about the target. */
  readonly validity: string;
  /** Length of the window; of an interrupted point, the part that was measured. */
  readonly durationSeconds: number;
  /** Beginning of the window, ISO 8601 UTC. */
  readonly startedAt: string;
  readonly scheduled: number;
  readonly sent: number;
  readonly dropped: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** `503`, `ECONNREFUSED`, `timeout`, ... -> count; beyond 200 different ones under `_OTHER`, as hosts are. */
  readonly errorsByClass: Readonly<Record<string, number>>;
  /**
   * Requests sent, and successful answers, per second of the point's duration. Of the answers that came after it, only as
   * many count as were open at its beginning: the rest was worked off later (in earlier versions, all).
   */
  readonly sentRps: number;
  readonly okRps: number;
  /** Successes that came after the window. */
  readonly okAfterWindow?: number;
  /**
   * At what rate successful answers came, per second, window and drain together, without the first and the last tenth of
   * them, and at most all of them over the window: what the target got done.
   */
  readonly servedRps: number;
  /** Response time of successes, measured from the intended time; absent when nothing succeeded. */
  readonly response?: Distribution;
  /** Sent minus intended. */
  readonly lateness?: Distribution;
  /** Service time of successes: end minus sent. */
  readonly service?: Distribution;
  readonly peakInFlight: number;
  readonly newConnections: number;
  /** Requests that had to be given to another connection: not a byte of them could be written to the first. Absent: none. */
  readonly retried?: number;
  /** Processor cores that the generator kept busy, warm-up and drain included. */
  readonly generatorCores: number;
  /** Answers per host of B. */
  readonly hosts: Readonly<Record<string, number>>;
  /** Jain's index of the host shares (1 is even, 1/n is one host) and largest by smallest share. */
  readonly fairness?: { readonly jain: number; readonly maxMin: number };
  readonly state?: PointState;
  /** Of a closed loop: by Little's law throughput x mean time of a request, against the requests that were to be open. */
  readonly little?: NonNullable<PointState['little']>;
  readonly sessions?: Sessions;
  /** Why the figures may still feel the point before: set when the drain gate did not open. */
  readonly contaminated?: string;
  readonly waterfall?: Waterfall;
  readonly refusedBy?: Partial<Readonly<Record<Refuser, number>>>;
  readonly tokens?: TokenFigures;
  readonly stream?: StreamFigures;
  readonly good?: Goodput;
  /** In the order in which they were asked for. */
  readonly objectives?: readonly ObjectiveFigure[];
  /** What was asked for; a class of `--mix` each. */
  readonly asked?: readonly AskedFigures[];
  /** Of sessions, by turn. */
  readonly turns?: readonly TurnFigures[];
  readonly certainty?: Certainty;
  readonly perRequestCsv: string;
}

export interface SweepReport {
  readonly plan: SweepPlan;
  readonly points: readonly PointSummary[];
  /** Without an end in the record: `killed`, or `running`, or `unfinished` where another machine's process is not seen. */
  readonly status: 'complete' | 'interrupted' | 'killed' | 'running' | 'unfinished';
  /** Of a record without an end, where it is known: `pid 12 on ci-7`. */
  readonly writer?: string;
  readonly knee?: Knee;
  /** What a search for the knee came to (not in earlier versions). */
  readonly searched?: KneeSearch;
  /** What a search under objectives came to. */
  readonly limit?: ObjectiveLimit;
  readonly slos?: readonly SloVerdict[];
  /** What ended the sweep early when it was not the operator, e.g. a full disk. */
  readonly problem?: string;
  /** The `--abort-on` condition that was met, and what was seen. */
  readonly abortedBy?: string;
  readonly elastic?: ElasticOutcome;
  readonly summaryCsv: string;
  readonly runFolder: string;
}
