import type { Distribution, Interval } from './figures.ts';

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
  /** Of a chain whose steps stream: each step, in the order in which they began; absent where there is one. */
  readonly hops?: readonly HopFigures[];
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
  /** Part of the reads, 0 to 1, that this machine may have looked at more than 1 ms after they came. */
  readonly lateReads?: number;
  /** By how much 99 % of the first tokens were looked at too late at most. */
  readonly firstLateP99?: number;
}

/** One step of streamed chains; times in milliseconds. */
export interface HopFigures {
  /** Name of the step, `a` and `b` where nothing else is deployed. */
  readonly name: string;
  /** Until its first token, from the intended time of the request. */
  readonly ttft: Distribution;
  /** Between reads with tokens of this step; absent where all of it came in one. */
  readonly itl?: Distribution;
}

/** Tokens of successes. */
export interface TokenFigures {
  readonly prompt: number;
  readonly output: number;
  /** At what rate the target made output tokens; see docs/measurement.md. */
  readonly outputPerSecond: number;
  /** 95 %, by what single requests brought, failures none; absent in earlier versions. */
  readonly ci?: Interval;
  /** Tokens of all requests that arrived while the window lasted, by its length. */
  readonly arrivedPerSecond?: number;
  readonly promptPerSecond?: number;
  /** Of the output. */
  readonly reasoning?: number;
  /** Of the prompts: served from a cache. */
  readonly cached?: number;
  /** Answers that told a count or whose events were counted, and those of them that told none: events stand for tokens. */
  readonly answers?: number;
  readonly estimated?: number;
}
