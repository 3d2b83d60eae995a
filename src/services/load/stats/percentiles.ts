import type { Distribution, Interval, Percentiles } from '../types.ts';
import { binomial } from './binomial.ts';
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
    const sorted = this.#values.view().slice().sort();
    const ci: Partial<Record<keyof Percentiles, Interval>> = {};
    for (const name of ['p50', 'p90', 'p95', 'p99'] as const) {
      const bounds = quantileInterval(sorted, QUANTILES[name]);
      if (bounds !== undefined) ci[name] = [round(bounds[0]), round(bounds[1])];
    }
    const at = (fraction: number) => round(sorted[nearestRank(fraction, sorted.length)] ?? 0);
    const { p50, p90, p95, p99 } = QUANTILES;
    const percentiles = { p50: at(p50), p90: at(p90), p95: at(p95), p99: at(p99) };
    const mean = round(this.#sum / this.count);
    return { ...percentiles, mean, max: round(sorted.at(-1) ?? 0), count: this.count, ci };
  }
}

/** Index, from 0, of the smallest sample that at least `fraction` of all `count` samples do not exceed. */
export function nearestRank(fraction: number, count: number): number {
  // 0.95 * 20 is 19 and not 19.000000000000004.
  return Math.min(count - 1, Math.max(0, Math.ceil(fraction * count - 1e-9) - 1));
}

/** Microseconds are the most that means anything. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Half of what a 95 % interval leaves out on both sides together. */
const TAIL = 0.025;
/** Beyond so many standard deviations a binomial holds less than 1e-20. */
const FAR = 10;

/**
 * A distribution-free 95 % confidence interval of a quantile from order statistics: the number of samples at or below
 * the true quantile is binomial (n, p), whatever the distribution, so that the ranks come from the binomial alone
 * (David and Nagaraja, Order Statistics, 7.1; also Le Boudec, Performance Evaluation, theorem 2.1). It holds for
 * independent samples; requests that queue behind each other are not, so read it as the least that is uncertain.
 *
 * @param sorted ascending
 * @returns undefined where the sample is too small to bound the quantile on both sides, e.g. p99 below 368 samples
 */
export function quantileInterval(sorted: ArrayLike<number>, fraction: number): Interval | undefined {
  const [low, high] = (intervalRanks(sorted.length, fraction) ?? []).map((rank) => sorted[rank - 1]);
  return low === undefined || high === undefined ? undefined : [low, high];
}

/** @returns ranks counted from 1, or undefined where the sample does not bound the quantile */
export function intervalRanks(count: number, fraction: number): Interval | undefined {
  const mean = count * fraction;
  const deviation = Math.sqrt(count * fraction * (1 - fraction));
  const first = Math.max(0, Math.floor(mean - FAR * deviation - FAR));
  let low = 0;
  let cumulated = 0;
  let term = binomial(count, first, fraction);
  // `cumulated` is P(B <= k). The true quantile is below x(l) with P(B <= l - 1), and above x(u) with P(B >= u).
  for (let k = first; k <= count; k++) {
    cumulated += term;
    if (cumulated <= TAIL) low = k + 1;
    if (cumulated >= 1 - TAIL) return low >= 1 && k + 1 <= count ? [low, k + 1] : undefined;
    term *= ((count - k) / (k + 1)) * (fraction / (1 - fraction));
  }
  return undefined;
}
