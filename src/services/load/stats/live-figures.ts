import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { RequestRecord } from '../engine/request-record.ts';
import type { Percentiles, SecondSample } from '../types.ts';

const HISTORY_SECONDS = 60;

/**
 * Percentiles so far, cheap enough to be asked for four times a second whatever the number of requests: histograms with
 * three figures, 25 ns a record. The final figures come from the samples themselves.
 */
export class LiveFigures {
  readonly #response = createHistogram({ figures: 3 });
  readonly #lateness = createHistogram({ figures: 3 });
  #history: readonly number[] = [];

  add(records: readonly RequestRecord[]): void {
    for (const { latenessMs, serviceMs, outcome } of records) {
      if (latenessMs === undefined) continue;
      record(this.#lateness, latenessMs);
      if (outcome === 'ok' && serviceMs !== undefined) record(this.#response, latenessMs + serviceMs);
    }
  }

  addSecond({ phase, p50 = 0 }: SecondSample): void {
    if (phase !== 'warmup') this.#history = [...this.#history, p50].slice(-HISTORY_SECONDS);
  }

  get response(): Percentiles | undefined {
    return percentilesOf(this.#response);
  }

  get lateness(): Percentiles | undefined {
    return percentilesOf(this.#lateness);
  }

  get history(): readonly number[] {
    return this.#history;
  }
}

/** In whole microseconds; a histogram refuses 0. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1000)));
}

function percentilesOf(histogram: RecordableHistogram): Percentiles | undefined {
  if (histogram.count === 0) return undefined;
  const at = (percentile: number) => histogram.percentile(percentile) / 1000;
  return { p50: at(50), p90: at(90), p95: at(95), p99: at(99) };
}
