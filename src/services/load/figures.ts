/** Milliseconds, two or three decimals at most are meaningful. */
export type Percentiles = Readonly<Record<'p50' | 'p90' | 'p95' | 'p99', number>>;

/** A 95 % confidence interval of a percentile, in the percentile's unit. */
export type Interval = readonly [low: number, high: number];

/**
 * Milliseconds, of successes. `ci` and `upper` hold only the percentiles that the sample is large enough to bound; runs of
 * earlier versions have no `upper`, `p999` and `effective`.
 */
export interface Distribution extends Percentiles {
  readonly p999?: number;
  readonly mean: number;
  /** Absent in runs of earlier versions. */
  readonly min?: number;
  readonly max: number;
  readonly count: number;
  /** 95 %, two-sided: to compare. */
  readonly ci: Partial<Readonly<Record<keyof Percentiles, Interval>>>;
  /** 99 % certain: the true percentile is not above it. A percentile without one is not certain. */
  readonly upper?: Partial<Readonly<Record<keyof Percentiles | 'p999', number>>>;
  /** Where neighbours were alike: as many independent samples tell as much of that percentile as all these did. */
  readonly effective?: Partial<Readonly<Record<keyof Percentiles | 'p999', number>>>;
}

/** How far an objective is missed, for a search of the rate at which it is just met. */
export interface Excess {
  /** 0 at the bound, above where it is missed; it grows about evenly with what is offered. */
  readonly excess: number;
  /** Standard error, by batches of neighbours, which are alike where requests queue. */
  readonly error: number;
  /** Nothing missed it, or everything did: the excess may be less, or more. */
  readonly bound?: 'most' | 'least';
}

/** How a point did by one objective (`--slo`, `--abort-on`), over all its requests. */
export interface ObjectiveFigure {
  /** As typed: `ttft_p99<1s`. */
  readonly expression: string;
  readonly met: boolean;
  readonly observed: string;
  /**
   * Of an objective that asks a share of the requests (or gaps) to be within a bound, as a percentile does: how many were,
   * of how many, which share has to be, and between which two the true share lies, each with 99 % confidence.
   */
  readonly within?: number;
  readonly of?: number;
  readonly needed?: number;
  readonly share?: Interval;
  /** Where a search asks for it. */
  readonly evidence?: Excess;
}

/** Requests that met every limit of `--goodput`. */
export interface Goodput {
  readonly count: number;
  /** Of all that were scheduled, 0 to 1. */
  readonly share: number;
  /** Per second of the point's duration. */
  readonly rps: number;
  /** Per limit, as typed: how many requests did not meet it, those that did not succeed included. */
  readonly missed: Readonly<Record<string, number>>;
}

/** `--slo` as it was asked and as it came out. */
export interface SloVerdict {
  /** As typed: `p95<2s`. */
  readonly expression: string;
  readonly passed: boolean;
  /** Per point, in the order of the ladder. Invalid points decide nothing and are left out. */
  readonly points: readonly { readonly rate: number; readonly passed: boolean; readonly observed: string }[];
  /** Points that were offered and decide nothing, and why: with any of them it has not passed (not in earlier versions). */
  readonly undecided?: readonly { readonly rate: number; readonly why: string }[];
}

/** Rates that would tell where a knee lies, were offered and say nothing of the target; by rising rate, and why. */
export type Unmeasured = readonly { readonly rate: number; readonly why: string }[];

/** What a search for the knee came to. */
export interface KneeSearch {
  /**
   * `found`: between a rate that was sustained and one near to it that was not; `atLeast`: a lower bound; `undecided`: not
   * even that; `below`, `above`: outside of what was offered.
   */
  readonly state: 'found' | 'atLeast' | 'undecided' | 'below' | 'above';
  /** What kept it from more. */
  readonly unmeasured?: Unmeasured;
}

/** What a search for the highest rate under objectives came to. */
export interface ObjectiveLimit {
  /**
   * `found`: known to 2 %; `undecided`: less well; `below`, `above`: outside of what was offered; `changing`: the target
   * was not the same throughout, and no limit is one.
   */
  readonly state: 'found' | 'undecided' | 'below' | 'above' | 'changing';
  readonly objectives: readonly string[];
  /** Requests per second, with 99 % confidence; absent where no point told anything, or the target changed. */
  readonly interval?: Interval;
  /** As likely too high as too low. */
  readonly estimate?: number;
  /** The objective that gives way first; `capacity` where it is the backlog that grows. */
  readonly limitedBy?: string;
  /** What was seen of that at the lowest rate at which it was missed. */
  readonly missed?: { readonly rate: number; readonly observed: string };
  /** The longest point with which 2 % would be reached, seconds, where it was not. */
  readonly wantedSeconds?: number;
  /** Where the target changed: a rate at which an objective was missed for certain, and one as high at which it held. */
  readonly changed?: { readonly missed: number; readonly held: number };
  /** Where it is undecided: what would have told more. */
  readonly unmeasured?: Unmeasured;
}

/** What a model did for a request, as its engine tells it, milliseconds. */
export interface ModelWork {
  /** Making the model ready: seconds where it has to be read from disk, and never 0. */
  readonly load: number;
  readonly prompt: number;
  readonly generation: number;
}

/**
 * Where the mean response time of successes went, milliseconds; the parts add up to it. What services and engines do not
 * tell is absent, and then part of what stands beside it: an engine's queue of the model, A's queue of the network, B's of
 * its wait.
 */
export interface Waterfall {
  /** Sent minus intended. */
  readonly clientWait: number;
  /** Waiting for a place in A. */
  readonly aQueue?: number;
  /** A's engine beyond its model's work: waiting for a slot, and what the engine does not account for. */
  readonly aEngineQueue?: number;
  /** A's model: what it worked, or the whole call of the engine where that tells no more. */
  readonly a: number;
  readonly aWork?: ModelWork;
  /** What no service accounts for: client to A, A to B, services to their engines, with proxies and load balancers. */
  readonly network: number;
  /** Waiting for a place in B; its engine and its model as A's. */
  readonly bQueue?: number;
  readonly bEngineQueue?: number;
  readonly bModel: number;
  readonly bWork?: ModelWork;
  /** B beyond its queue and its engine: its minimum processing time. */
  readonly bWait: number;
  /** Answers that carried all the figures. */
  readonly count: number;
}

/** How certain `--until-certain` made a percentile; milliseconds. */
export interface Certainty {
  /** `p99`, `ttft_p99`. */
  readonly metric: string;
  readonly estimate: number;
  /** The true percentile is not above it, with 99 % confidence over all looks; absent where the sample is too small. */
  readonly upper?: number;
  /** Successes. */
  readonly count: number;
  /** How far above the estimate it may be, as a part of it, and whether it is no further. */
  readonly width: number;
  readonly reached: boolean;
}
