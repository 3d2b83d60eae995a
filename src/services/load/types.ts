import type {
  Distribution,
  Goodput,
  Interval,
  ObjectiveFigure,
  ObjectiveLimit,
  Percentiles,
  SloVerdict,
  Waterfall,
} from './figures.ts';

export type {
  Distribution,
  Excess,
  Goodput,
  Interval,
  ModelWork,
  ObjectiveFigure,
  ObjectiveLimit,
  Percentiles,
  SloVerdict,
  Waterfall,
} from './figures.ts';

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

/**
 * Who said no, by the look of the answer. Counts of requests that did not succeed. `no_answer`: the target did not answer
 * in time, neither before the timeout nor before the drain ended; runs of earlier versions count that as `client`.
 */
export type Refuser = 'client' | 'network' | 'no_answer' | 'a' | 'load_balancer' | 'b' | 'unknown';

/** Figures of streamed answers, with vLLM's names; times in milliseconds. What nobody could measure is absent. */
export interface StreamFigures {
  /** Until the first token of the answer or tool call, from the intended time. Reasoning is none. */
  readonly ttft?: Distribution;
  /** The same from the sending on. */
  readonly ttftSent?: Distribution;
  /** Until the first token of reasoning, from the intended time; where there was any. */
  readonly reasoningTtft?: Distribution;
  /** Between reads that carried tokens of any kind: chunks coalesce, so per read and not per token. */
  readonly itl?: Distribution;
  /** Time per output token: from the first token of any kind to the last, by the tokens that came after the first read. */
  readonly tpot?: Distribution;
  /** Tokens per second of one answer, 1/tpot: `p1` is what 99 % of the answers reach or exceed. */
  readonly perUser?: Readonly<Record<'p50' | 'p10' | 'p5' | 'p1', number>>;
  readonly outputTokens: number;
  readonly outputTokensPerSecond: number;
  /** Answers that came as streams and were complete; absent in runs of earlier versions, like all that follow. */
  readonly answers?: number;
  /** Those with several tokens that all came in one read: they have neither itl nor tpot. */
  readonly oneRead?: number;
  /** Events with tokens in a read, and tokens in an event, on average. */
  readonly eventsPerRead?: number;
  readonly tokensPerEvent?: number;
  /** Complete answers without the `[DONE]` that ends such a stream. */
  readonly withoutDone?: number;
  /** Part of the reads, 0 to 1, that this machine may have looked at more than 1 ms after they came; so of first tokens. */
  readonly lateReads?: number;
  readonly lateFirst?: number;
}

/** Tokens of successes. */
interface TokenFigures {
  readonly prompt: number;
  readonly output: number;
  /** At what rate the target made output tokens; see docs/measurement.md. */
  readonly outputPerSecond: number;
  /** Tokens of all requests that arrived while the window lasted, by its length. */
  readonly arrivedPerSecond?: number;
  /** Of the output. */
  readonly reasoning?: number;
  /** Of the prompts: served from a cache. */
  readonly cached?: number;
  /** Answers that told a count or whose events were counted, and those of them that told none: events stand for tokens. */
  readonly answers?: number;
  readonly estimated?: number;
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

/** What a sweep is going to do; known before the first request. */
export interface SweepPlan {
  readonly runId: string;
  readonly tag: string;
  readonly targetUrl: string;
  /** Name of the request protocol; absent: the path of the URL tells (as in earlier versions). */
  readonly api?: string;
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
  /** Of one request with nothing else going on, milliseconds; what the gate between points waits to see again. */
  readonly probeMs?: number;
  /** By Little's law from the probe, per point: requests in flight when the target is as fast under load. */
  readonly predictedInFlight?: readonly number[];
}

/** A few times a second while a point runs; what a live view needs. */
export interface SweepTick
  extends Pick<PointSummary, 'index' | 'rate' | 'scheduled' | 'sent'>,
    Partial<Pick<PointSummary, 'errorsByClass' | 'hosts'>> {
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
  /** Median response time of each of the last seconds, oldest first, at most 60; 0 for a second without success. */
  readonly responseHistory?: readonly number[];
}

/** One finished (or interrupted) point of the ladder. */
export interface PointSummary {
  readonly index: number;
  /** Offered arrival rate, requests per second. */
  readonly rate: number;
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
  /** `503`, `ECONNREFUSED`, `timeout`, ... -> count. */
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
  /** Processor cores that the generator kept busy, warm-up and drain included. */
  readonly generatorCores: number;
  /** Answers per host of B. */
  readonly hosts: Readonly<Record<string, number>>;
  /** Jain's index of the host shares (1 is even, 1/n is one host) and largest by smallest share. */
  readonly fairness?: { readonly jain: number; readonly maxMin: number };
  readonly state?: PointState;
  /** Why the figures may still feel the point before: set when the drain gate did not open. */
  readonly contaminated?: string;
  readonly waterfall?: Waterfall;
  readonly refusedBy?: Partial<Readonly<Record<Refuser, number>>>;
  /** What the first failure of a class said for itself, where it said anything: `404` -> `model '' not found`. */
  readonly errorTexts?: Readonly<Record<string, string>>;
  readonly tokens?: TokenFigures;
  readonly stream?: StreamFigures;
  readonly good?: Goodput;
  /** In the order in which they were asked for. */
  readonly objectives?: readonly ObjectiveFigure[];
  readonly perRequestCsv: string;
}

/** What a group did under an elastic profile. */
export interface ElasticOutcome {
  readonly group: string;
  /** Instances that served at the beginning, at most, and at the end. */
  readonly startSize: number;
  readonly peakSize: number;
  readonly endSize: number;
  /** How long before the last decision the group was last seen, seconds, where that is more than a step ago. */
  readonly unseenSeconds?: number;
  /** The size that was to be reached, where it is known. */
  readonly size?: number;
  /** Whether it was as small at the end as it shall be; undefined where the profile did not get that far. */
  readonly scaledIn?: boolean;
  /** The phases in order: when each began (milliseconds since the epoch), at which rate and why. */
  readonly phases: readonly {
    readonly name: string;
    readonly at: number;
    readonly rate: number;
    readonly why?: string;
  }[];
}

export interface SweepReport {
  readonly plan: SweepPlan;
  readonly points: readonly PointSummary[];
  readonly status: 'complete' | 'interrupted';
  readonly knee?: Knee;
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
