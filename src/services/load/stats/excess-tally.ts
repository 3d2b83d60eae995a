import type { Excess } from '../types.ts';
import { Batches } from './batches.ts';
import { type Criterion, metricOf } from './criterion.ts';
import { meanExcess, plainExcess, shareExcess } from './excess.ts';
import type { RequestTimes } from './request-times.ts';

/** What of the requests of a point tells how far its objectives are missed; as they end, in little memory. */
export class ExcessTally {
  readonly #criteria: readonly Criterion[];
  readonly #batches: readonly Batches[];
  /** Of response times: how long the target remembers what came before. */
  readonly #responses = new Batches();

  constructor(criteria: readonly Criterion[]) {
    this.#criteria = criteria;
    this.#batches = criteria.map(() => new Batches());
  }

  /** @param hits how many of the trials of a request kept the criterion */
  addTrials(criterion: number, atMs: number, hits: number, trials: number): void {
    this.#batches[criterion]?.add(atMs, trials - hits, trials);
  }

  addTimes(atMs: number, times: RequestTimes, gaps: readonly number[]): void {
    if (times.e2e !== undefined) this.#responses.add(atMs, Math.log(Math.max(times.e2e, 1e-3)), 1);
    for (const [i, each] of this.#criteria.entries()) {
      const metric = metricOf(each);
      if (metric.kind !== 'time' || metric.at !== 'mean') continue;
      const values = metric.of === 'itl' ? gaps : [times[metric.of] ?? []].flat();
      for (const value of values) this.#batches[i]?.add(atMs, value, 1);
    }
  }

  /** @param needed the share that has to keep the criterion, where it asks for one */
  of(criterion: number, met: boolean, needed: number | undefined): Excess {
    const ratio = this.#batches[criterion]?.ratio();
    const { bound = 0, operator = '<', ...each } = this.#criteria[criterion] ?? { metric: 'ok' };
    const metric = metricOf(each);
    if (ratio === undefined) return plainExcess(met);
    if (needed !== undefined && needed > 0 && needed < 1) {
      return shareExcess(ratio, 1 - needed, this.#responses.ratio()?.memory ?? ratio.memory);
    }
    const isMean = metric.kind === 'time' && metric.at === 'mean' && operator.startsWith('<');
    // A mean that failures make infinite is missed by more than any number.
    return isMean && met === ratio.value < bound ? meanExcess(ratio, bound) : plainExcess(met);
  }
}
