import { binomial } from './binomial.ts';

/** Chance that a bound of a percentile or of a share is wrong: what MLPerf's early stopping is certain to, 99 %. */
export const DOUBT = 0.01;

/** Beyond so many standard deviations a binomial holds less than 1e-20. */
const FAR = 10;

/**
 * The smallest rank, counted from 1, whose order statistic is not below the true quantile but for a chance of `tail`: the
 * number of samples at or below the true quantile is binomial (n, p), whatever the distribution (David and Nagaraja, Order
 * Statistics, 7.1; Le Boudec, Performance Evaluation, theorem 2.1). Which is MLPerf's early stopping (LoadGen,
 * early_stopping.cc): its bound on the share above a time is the same inequality read the other way.
 *
 * @returns undefined where the sample is too small, e.g. p99 below 459 samples for a tail of 1 %
 */
export function upperRank(count: number, fraction: number, tail = DOUBT): number | undefined {
  const mean = count * fraction;
  const deviation = Math.sqrt(count * fraction * (1 - fraction));
  const first = Math.max(0, Math.floor(mean - FAR * deviation - FAR));
  let cumulated = 0;
  let term = binomial(count, first, fraction);
  // `cumulated` is P(B <= k): the true quantile is above x(k + 1) with a chance of P(B >= k + 1).
  for (let k = first; k < count; k++) {
    cumulated += term;
    if (cumulated >= 1 - tail) return k + 1;
    term *= ((count - k) / (k + 1)) * (fraction / (1 - fraction));
  }
  return undefined;
}

/** The largest rank whose order statistic is not above the true quantile but for a chance of `tail`. */
export function lowerRank(count: number, fraction: number, tail = DOUBT): number | undefined {
  const mirrored = upperRank(count, 1 - fraction, tail);
  return mirrored === undefined ? undefined : count + 1 - mirrored;
}

/** Samples from which on a percentile has an upper bound at all: all of fewer may lie below it. */
export function samplesNeeded(fraction: number, tail = DOUBT): number {
  return Math.ceil(Math.log(tail) / Math.log(fraction) - 1e-9);
}

const BATCHES = 20;
/** Independent samples differ more from batch to batch once in a hundred times: chi-square of 19 degrees, over 19. */
const CHANCE = 36.19 / (BATCHES - 1);

/**
 * How many independent samples tell as much about a share as these do. Requests that wait in the same queue are slow
 * together: then batches of neighbours differ by more than a binomial lets them, and by so much counts the sample less.
 * Within what chance does, every one counts.
 *
 * @param hits of each trial, or of several together, in the order in which they came
 * @param trials as many; absent where each is one
 */
export function effectiveCount(hits: ArrayLike<number>, trials?: ArrayLike<number>): number {
  const length = hits.length;
  let [allHits, all] = [0, 0];
  for (let i = 0; i < length; i++) {
    allHits += hits[i] ?? 0;
    all += trials?.[i] ?? 1;
  }
  const share = allHits / all;
  if (length < 2 * BATCHES || share <= 0 || share >= 1) return all;
  let squares = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const end = Math.floor(((batch + 1) * length) / BATCHES);
    let [some, of] = [0, 0];
    for (let i = Math.floor((batch * length) / BATCHES); i < end; i++) {
      some += hits[i] ?? 0;
      of += trials?.[i] ?? 1;
    }
    // Of a ratio: what a batch has more or less than its part.
    squares += (some - share * of) ** 2;
  }
  const dispersion = squares / ((BATCHES - 1) / BATCHES) / (all * share * (1 - share));
  return dispersion <= CHANCE ? all : all / dispersion;
}
