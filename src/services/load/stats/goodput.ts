import type { RequestRecord } from '../engine/request-record.ts';
import type { Goodput } from '../types.ts';
import { COMPARE, type Limit } from './criterion.ts';
import { type RequestTimes, requestTimes } from './request-times.ts';

/**
 * Whether a time of a successful request keeps a limit. There is no time per token and no gap where there is only one
 * token: nothing is too slow then. A first token that never came is.
 */
function keeps({ of, operator, bound }: Limit, times: RequestTimes): boolean {
  const value = times[of];
  if (value === undefined) return of === 'tpot' || of === 'itl';
  return COMPARE[operator](value, bound);
}

/** Whether a request is good: it succeeded, and keeps every limit. */
export function isGood(limits: readonly Limit[], record: RequestRecord): boolean {
  if (record.outcome !== 'ok') return false;
  const times = requestTimes(record);
  return limits.every((limit) => keeps(limit, times));
}

/** Counts the requests that are good: they succeeded, and keep every limit. */
export class GoodCount {
  readonly #limits: readonly Limit[];
  readonly #missed: Map<string, number>;
  #good = 0;
  #bad = 0;

  constructor(limits: readonly Limit[]) {
    this.#limits = limits;
    this.#missed = new Map(limits.map(({ expression }) => [expression, 0]));
  }

  /** @returns whether it is good */
  add(record: RequestRecord): boolean {
    const times = record.outcome === 'ok' ? requestTimes(record) : undefined;
    let isGood = times !== undefined;
    for (const limit of this.#limits) {
      if (times !== undefined && keeps(limit, times)) continue;
      isGood = false;
      this.#missed.set(limit.expression, (this.#missed.get(limit.expression) ?? 0) + 1);
    }
    if (isGood) this.#good++;
    else this.#bad++;
    return isGood;
  }

  /** Of those that have ended. */
  get bad(): number {
    return this.#bad;
  }

  /** @returns undefined without limits */
  summary(scheduled: number, seconds: number): Goodput | undefined {
    if (this.#limits.length === 0) return undefined;
    // What was dropped here met nothing either.
    const unsent = scheduled - this.#good - this.#bad;
    return {
      count: this.#good,
      share: scheduled === 0 ? 0 : Math.round((1e6 * this.#good) / scheduled) / 1e6,
      rps: seconds > 0 ? Number((this.#good / seconds).toPrecision(6)) : 0,
      missed: Object.fromEntries([...this.#missed].map(([limit, count]) => [limit, count + unsent])),
    };
  }
}
