import type { Progress } from '../engine/protocol.ts';
import type { Collector } from '../stats/collector.ts';
import { type Criterion, judgeCriterion } from '../stats/criterion.ts';

/** Fewer requests are no reason to end a sweep. */
const MIN_REQUESTS = 20;
/** Percentiles of all that came so far are worth this much time, and no more, between two looks. */
const EVERY_MS = 500;

/**
 * Looks at a running point. What is still open counts as good: a share of errors is one of everything that was sent, or
 * refusals that come at once would outweigh the answers that take their time.
 *
 * @returns the first condition that holds, with what was seen
 */
export function abortWatch(conditions: readonly Criterion[]) {
  let last = Number.NEGATIVE_INFINITY;
  return ({ elapsedMs, sent }: Progress, collected: Collector): string | undefined => {
    if (conditions.length === 0 || sent < MIN_REQUESTS || elapsedMs - last < EVERY_MS) return undefined;
    last = elapsedMs;
    const seconds = elapsedMs / 1000;
    const response = collected.response.count < MIN_REQUESTS ? undefined : collected.response.summary();
    const measured = {
      outcomes: { ...collected.outcomes, ok: Math.max(0, sent - collected.failed) },
      scheduled: sent,
      okRps: collected.outcomes.ok / seconds,
      servedRps: collected.outcomes.ok / seconds,
      ...(response === undefined ? {} : { response }),
    };
    for (const condition of conditions) {
      const { met, observed } = judgeCriterion(condition, measured);
      if (met) return `${condition.expression}: ${observed} after ${seconds.toFixed(1)} s`;
    }
    return undefined;
  };
}
