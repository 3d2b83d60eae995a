import type { Distribution, Interval, Percentiles } from '../types.ts';
import { quantileInterval } from './quantile-interval.ts';
import { Column } from './samples-over-time.ts';

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** Samples of one quantity in milliseconds; percentiles are exact, by nearest rank. */
export class Samples {
  readonly #values = new Column();
  #sum = 0;

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    this.#values.push(value);
    this.#sum += value;
  }

  /** @returns undefined when there are no samples */
  summary(): Distribution | undefined {
    if (this.count === 0) return undefined;
    const sorted = this.#sorted();
    const ci: Partial<Record<keyof Percentiles, Interval>> = {};
    for (const name of ['p50', 'p90', 'p95', 'p99'] as const) {
      const bounds = quantileInterval(sorted, QUANTILES[name]);
      if (bounds !== undefined) ci[name] = [round(bounds[0]), round(bounds[1])];
    }
    const max = round(sorted.at(-1) ?? 0);
    return { ...percentilesOf(sorted), mean: round(this.#sum / this.count), max, count: this.count, ci };
  }

  /** The percentiles alone: cheap enough for a live view. */
  percentiles(): Percentiles | undefined {
    return this.count === 0 ? undefined : percentilesOf(this.#sorted());
  }

  #sorted(): Float64Array {
    return this.#values.view().slice().sort();
  }
}

function percentilesOf(sorted: Float64Array): Percentiles {
  const at = (fraction: number) => round(sorted[nearestRank(fraction, sorted.length)] ?? 0);
  return { p50: at(QUANTILES.p50), p90: at(QUANTILES.p90), p95: at(QUANTILES.p95), p99: at(QUANTILES.p99) };
}

/** Index, from 0, of the smallest sample that at least `fraction` of all `count` samples do not exceed. */
export function nearestRank(fraction: number, count: number): number {
  // 0.95 * 20 is 19 and not 19.000000000000004.
  return Math.min(count - 1, Math.max(0, Math.ceil(fraction * count - 1e-9) - 1));
}

/** Microseconds are the most that means anything. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
