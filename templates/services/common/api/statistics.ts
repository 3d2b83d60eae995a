import { roundSeconds } from '../seconds.ts';
import { count, number, object } from './openapi.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';

const WINDOW_SECONDS = 300;
const MOST_SAMPLES = 10_000;

/** A run that ended well. Seconds. */
export interface Success {
  readonly seconds: number;
  readonly firstTokenSeconds?: number | undefined;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
}

/** What one kind of work took lately, and what it has come to since the start. */
export class Series {
  readonly #since: Date;
  readonly #now: () => number;
  readonly #queued: () => number;
  /** Rings: the oldest is overwritten. */
  readonly #endedAt: number[] = [];
  readonly #seconds: number[] = [];
  readonly #firstTokens: (number | undefined)[] = [];
  #next = 0;
  #requests = 0;
  #errors = 0;
  #inFlight = 0;
  #inputTokens = 0;
  #outputTokens = 0;

  /** @param queued how many wait for their turn now; @param now in milliseconds */
  constructor(queued: () => number = () => 0, now: () => number = () => performance.now(), since = new Date()) {
    this.#queued = queued;
    this.#now = now;
    this.#since = since;
  }

  /** Counts a run by how it ends: a rejection is an error, unless its caller has left. */
  async run<T>(work: Promise<T>, successOf: (value: T) => Success): Promise<T> {
    this.begun();
    try {
      const value = await work;
      this.succeeded(successOf(value));
      return value;
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** A run has begun; one of the other two tells its end. */
  begun(): void {
    this.#requests++;
    this.#inFlight++;
  }

  succeeded(success: Success): void {
    this.#inFlight--;
    this.#record(success);
  }

  failed(error: unknown): void {
    this.#inFlight--;
    if ((error as { status?: unknown }).status !== 499) this.#errors++;
  }

  /** In the form of /v1/statistics. */
  describe(): Record<string, unknown> {
    const from = this.#now() - WINDOW_SECONDS * 1000;
    const counting = this.#endedAt.flatMap((at, index) => (at >= from ? [index] : []));
    const latency = figuresOf(counting.map((index) => this.#seconds[index] as number));
    const first = figuresOf(counting.flatMap((index) => this.#firstTokens[index] ?? []));
    return {
      p50_latency: latency.p50,
      p99_latency: latency.p99,
      average_latency: latency.average,
      p50_latency_first_token: first.p50,
      p99_latency_first_token: first.p99,
      average_latency_first_token: first.average,
      p95_latency: latency.p95,
      requests: this.#requests,
      errors: this.#errors,
      in_flight: this.#inFlight,
      queued: this.#queued(),
      input_tokens: this.#inputTokens,
      output_tokens: this.#outputTokens,
      samples: counting.length,
      window_seconds: WINDOW_SECONDS,
      since: this.#since.toISOString(),
    };
  }

  #record({ seconds, firstTokenSeconds, inputTokens = 0, outputTokens = 0 }: Success): void {
    this.#endedAt[this.#next] = this.#now();
    this.#seconds[this.#next] = seconds;
    this.#firstTokens[this.#next] = firstTokenSeconds;
    this.#next = (this.#next + 1) % MOST_SAMPLES;
    this.#inputTokens += inputTokens;
    this.#outputTokens += outputTokens;
  }
}

/** Percentiles by nearest rank; null without samples. */
function figuresOf(values: number[]): Record<'p50' | 'p95' | 'p99' | 'average', number | null> {
  if (values.length === 0) return { p50: null, p95: null, p99: null, average: null };
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => roundSeconds(sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number);
  const average = roundSeconds(sorted.reduce((sum, each) => sum + each, 0) / sorted.length);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), average };
}

const seconds: Schema = { type: ['number', 'null'] };

const SERIES: Schema = object({
  p50_latency: seconds,
  p95_latency: seconds,
  p99_latency: seconds,
  average_latency: seconds,
  p50_latency_first_token: seconds,
  p99_latency_first_token: seconds,
  average_latency_first_token: seconds,
  requests: count,
  errors: count,
  in_flight: count,
  queued: count,
  input_tokens: count,
  output_tokens: count,
  samples: count,
  window_seconds: number,
  since: { type: 'string' },
});

export function statisticsRoute(series: Readonly<Record<string, Series>>): Route {
  const names = Object.keys(series);
  return {
    method: 'GET',
    path: '/v1/statistics',
    doc: {
      summary: 'What requests took in the last five minutes, and how many there were since the start',
      tag: 'statistics',
      answers: { 'application/json': object(Object.fromEntries(names.map((name) => [name, SERIES]))) },
    },
    handle(exchange) {
      const told = Object.entries(series).map(([name, each]) => [name, each.describe()]);
      exchange.json(200, Object.fromEntries(told));
    },
  };
}
