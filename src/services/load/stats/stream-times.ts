import { defined } from '../../defined.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import { shownTokens } from '../protocols/usage.ts';
import type { HopFigures, StreamFigures } from '../types.ts';
import { round, Samples } from './percentiles.ts';

/** A graph has no more steps. */
const MOST_HOPS = 32;

/**
 * The times of streamed successes: to the first token of the answer and to the first of reasoning, from the intended time
 * like every response time; between reads that brought tokens; and per output token.
 */
export class StreamTimes {
  readonly #ttft = new Samples();
  readonly #ttftSent = new Samples();
  readonly #reasoning = new Samples();
  readonly #itl = new Samples();
  readonly #tpot = new Samples();
  readonly #firstLate = new Samples();
  /** By the names of steps. */
  readonly #hops = new Map<string, { readonly ttft: Samples; readonly itl: Samples }>();
  #answers = 0;
  #tokens = 0;
  #oneRead = 0;
  #withoutDone = 0;
  /** Of answers that were seen to come: one that is read from a file has no such counts. */
  #events = 0;
  #reads = 0;
  #lateReads = 0;
  #tokensOfEvents = 0;

  add(record: RequestRecord): void {
    const {
      outcome,
      latenessMs,
      ttft_ms: ttft,
      reasoning_ttft_ms: reasoning,
      itl_ms: gaps,
      tpot_ms: tpot,
      stream,
    } = record;
    if (outcome !== 'ok' || latenessMs === undefined) return;
    if (stream === undefined && ttft === undefined && reasoning === undefined) return;
    const tokens = record.figures?.output_tokens ?? 0;
    this.#answers++;
    this.#tokens += tokens;
    if (ttft !== undefined) {
      this.#ttft.add(latenessMs + ttft);
      this.#ttftSent.add(ttft);
    }
    if (reasoning !== undefined) this.#reasoning.add(latenessMs + reasoning);
    for (const gap of gaps ?? []) this.#itl.add(gap);
    this.#addHops(record, latenessMs);
    if (tpot !== undefined) this.#tpot.add(tpot);
    else if (tokens > 1 && (gaps ?? []).length === 0 && stream?.reads !== 0) this.#oneRead++;
    if (stream === undefined) return;
    this.#events += stream.events;
    this.#reads += stream.reads;
    this.#lateReads += stream.lateReads;
    const isHidden = reasoning === undefined && record.tokens_estimated !== true;
    this.#tokensOfEvents += isHidden ? shownTokens(record.figures ?? {}, stream.events) : tokens;
    if (stream.withoutDone) this.#withoutDone++;
    if (ttft !== undefined) this.#firstLate.add(stream.firstLateMs);
  }

  /**
   * @param tokensPerSecond at what rate so many tokens of the point were made
   * @param tail see {@link Samples.summary}
   * @returns undefined when nothing was streamed
   */
  summary(tokensPerSecond: (tokens: number) => number, tail?: number): StreamFigures | undefined {
    if (this.#answers === 0) return undefined;
    const tpot = this.#tpot.summary(tail);
    const speed = (ms: number) => round(1000 / ms);
    return defined({
      ttft: this.#ttft.summary(tail),
      ttftSent: this.#ttftSent.summary(tail),
      reasoningTtft: this.#reasoning.summary(tail),
      itl: this.#itl.summary(tail),
      tpot,
      hops: this.#hopFigures(tail),
      perUser: tpot && { p50: speed(tpot.p50), p10: speed(tpot.p90), p5: speed(tpot.p95), p1: speed(tpot.p99) },
      outputTokens: this.#tokens,
      outputTokensPerSecond: tokensPerSecond(this.#tokens),
      answers: this.#answers,
      oneRead: this.#oneRead || undefined,
      eventsPerRead: ratio(this.#events, this.#reads),
      tokensPerEvent: ratio(this.#tokensOfEvents, this.#events),
      withoutDone: this.#withoutDone || undefined,
      lateReads: ratio(this.#lateReads, this.#reads),
      firstLateP99: this.#firstLate.summary()?.p99,
    });
  }

  #addHops({ hops = [] }: RequestRecord, latenessMs: number): void {
    for (const { name, ttft_ms: ttft, itl_ms: gaps } of hops) {
      let times = this.#hops.get(name);
      if (times === undefined) {
        if (this.#hops.size === MOST_HOPS) return;
        times = { ttft: new Samples(), itl: new Samples() };
        this.#hops.set(name, times);
      }
      times.ttft.add(latenessMs + ttft);
      for (const gap of gaps) times.itl.add(gap);
    }
  }

  #hopFigures(tail: number | undefined): HopFigures[] | undefined {
    const figures = [...this.#hops].flatMap(([name, { ttft, itl }]) => {
      const first = ttft.summary(tail);
      return first === undefined ? [] : [defined({ name, ttft: first, itl: itl.summary(tail) })];
    });
    return figures.length === 0 ? undefined : figures;
  }
}

function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : round(part / whole);
}
