import type { Interval } from '../types.ts';
import { binomial } from './binomial.ts';

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
  const ranks = intervalRanks(sorted.length, fraction);
  if (ranks === undefined) return undefined;
  const [low, high] = [sorted[ranks[0] - 1], sorted[ranks[1] - 1]];
  return low === undefined || high === undefined ? undefined : [low, high];
}

/** @returns ranks counted from 1, or undefined where the sample does not bound the quantile */
export function intervalRanks(count: number, fraction: number): readonly [low: number, high: number] | undefined {
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
