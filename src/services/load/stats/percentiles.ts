import { defined } from '../../defined.ts';
import type { Distribution, Interval, Percentiles } from '../types.ts';
import { DOUBT, effectiveCount, lowerRank, upperRank } from './certainty.ts';
import { Column } from './samples-over-time.ts';

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;

type Name = keyof typeof QUANTILES;

/** Names of the percentiles with their quantiles, ascending. */
const NAMED = Object.entries(QUANTILES) as [Name, number][];

/** Samples of one quantity in milliseconds; percentiles are exact, by nearest rank. */
export class Samples {
  readonly #values = new Column();
  #sum = 0;

  get count(): number {
    return this.#values.length;
  }

  get mean(): number {
    return this.#sum / this.count;
  }

  add(value: number): void {
    this.#values.push(value);
    this.#sum += value;
  }

  /** Ascending; a copy. */
  sorted(): Float64Array {
    return this.#values.view().slice().sort();
  }

  /**
   * @param tail the chance that an upper bound is wrong: less where the sample ended at one of several looks at it
   * @returns undefined when there are no samples
   */
  summary(tail = DOUBT): Distribution | undefined {
    if (this.count === 0) return undefined;
    const sorted = this.sorted();
    const percentiles: Partial<Record<Name, number>> = {};
    const ci: Partial<Record<keyof Percentiles, Interval>> = {};
    const upper: Partial<Record<Name, number>> = {};
    const effective: Partial<Record<Name, number>> = {};
    const independent = this.#independent(sorted);
    for (const [name, fraction] of NAMED) {
      const value = sorted[nearestRank(fraction, sorted.length)] ?? 0;
      percentiles[name] = round(value);
      const count = independent(fraction);
      if (count < sorted.length) effective[name] = Math.round(count);
      const bounds = quantileInterval(sorted, fraction, count);
      if (bounds !== undefined && name !== 'p999') ci[name] = [round(bounds[0]), round(bounds[1])];
      const bound = quantileBound(sorted, fraction, count, tail);
      if (bound !== undefined) upper[name] = round(bound);
    }
    const { p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0 } = percentiles;
    const ends = { min: round(sorted[0] ?? 0), max: round(sorted.at(-1) ?? 0) };
    const rest = { mean: round(this.mean), ...ends, count: this.count, ci, upper };
    return {
      ...{ p50, p90, p95, p99, p999, ...rest },
      ...(Object.keys(effective).length === 0 ? {} : { effective }),
    };
  }

  /**
   * A percentile, and what the true one does not exceed but for a chance of `tail`.
   *
   * @param share of the samples, as many of which tell as much as all do; default: what neighbours show
   * @param open requests that are no samples yet, of which at most so many are above the percentile: the estimate is then the
   *   lowest that may come of them, the bound the highest
   * @returns undefined when there are no samples; without `upper` where they are too few
   */
  bound(fraction: number, tail: number, share?: number, { count: open, slow }: Open = NONE_OPEN) {
    const { count } = this;
    if (count === 0) return undefined;
    const sorted = this.sorted();
    const independent = share ?? this.#independent(sorted)(fraction) / count;
    const all = count + open;
    const estimate = sorted[Math.max(0, nearestRank(fraction, all) - open)] ?? 0;
    // Those that are open and not slow stand below the estimate, the slow ones above everything.
    const place = boundPlace(all, fraction, independent * all, tail);
    const upper = place === undefined ? undefined : sorted[Math.max(0, place - (open - slow))];
    return { ...defined({ upper: upper && round(upper) }), estimate: round(estimate), count, share: independent };
  }

  /**
   * As many independent samples would tell as much about a quantile. Where few samples are above it, whether neighbours are
   * alike shows less there than lower in the tail.
   */
  #independent(sorted: Float64Array): (fraction: number) => number {
    const known = new Map<number, number>();
    const at = (fraction: number) => {
      const before = known.get(fraction);
      if (before !== undefined) return before;
      const value = sorted[nearestRank(fraction, sorted.length)] ?? 0;
      const count = effectiveCount(Uint8Array.from(this.#values.view(), (each) => (each > value ? 1 : 0)));
      known.set(fraction, count);
      return count;
    };
    return (fraction) => Math.min(at(fraction), fraction > TELLING ? at(TELLING) : Number.POSITIVE_INFINITY);
  }
}

/** Requests without an end, and how many of them may yet be slower than a percentile. */
interface Open {
  readonly count: number;
  readonly slow: number;
}

const NONE_OPEN: Open = { count: 0, slow: 0 };

/** The quantile above which enough samples are in any that bounds a higher one. */
const TELLING = 0.9;

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

/**
 * A distribution-free 95 % confidence interval of a quantile from order statistics (see {@link upperRank}).
 *
 * @param sorted ascending
 * @param independent as many independent samples tell as much; default: all of them
 * @returns undefined where the sample is too small to bound the quantile on both sides, e.g. p99 below 368 samples
 */
export function quantileInterval(
  sorted: ArrayLike<number>,
  fraction: number,
  independent = sorted.length,
): Interval | undefined {
  const count = Math.floor(independent);
  const [low, high] = (intervalRanks(count, fraction) ?? []).map((rank) => sorted[scaled(rank, count, sorted.length)]);
  return low === undefined || high === undefined ? undefined : [low, high];
}

/**
 * What the true quantile does not exceed, with 99 % confidence.
 *
 * @param sorted ascending
 * @param independent as many independent samples tell as much; default: all of them
 * @returns undefined where the sample is too small to tell
 */
export function quantileBound(
  sorted: ArrayLike<number>,
  fraction: number,
  independent = sorted.length,
  tail?: number,
): number | undefined {
  const place = boundPlace(sorted.length, fraction, independent, tail);
  return place === undefined ? undefined : sorted[place];
}

/** The index, from 0, of the sample that bounds a quantile from above. */
function boundPlace(length: number, fraction: number, independent: number, tail?: number): number | undefined {
  const count = Math.floor(independent + 1e-9);
  const rank = upperRank(count, fraction, tail);
  return rank === undefined ? undefined : scaled(rank, count, length);
}

/** The index, from 0, that has the place among `length` that a rank has among `count`. */
function scaled(rank: number, count: number, length: number): number {
  return count === length ? rank - 1 : Math.min(length - 1, Math.max(0, Math.ceil((rank / count) * length) - 1));
}

/** @returns ranks counted from 1, or undefined where the sample does not bound the quantile */
export function intervalRanks(count: number, fraction: number): Interval | undefined {
  const [low, high] = [lowerRank(count, fraction, TAIL), upperRank(count, fraction, TAIL)];
  return low === undefined || high === undefined ? undefined : [low, high];
}
