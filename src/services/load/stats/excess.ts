import type { Excess } from '../types.ts';
import type { Ratio } from './batches.ts';

/** No point tells it better, even where all its requests were alike. */
export const LEAST_ERROR = 1e-3;
/** Fewer than so many that are worth a request of its own, and their own batches do not tell their error. */
const FEW = 8;

/**
 * How far a share of requests that miss an objective is from the share that may. In logits, in which it grows about
 * evenly with the rate where requests queue; at least half a miss is counted, of as many requests as say as much as one.
 *
 * @param allowed above 0
 * @param memory so many neighbours say as much as one request alone; see {@link Ratio.memory}
 */
export function shareExcess({ value, error, over }: Ratio, allowed: number, memory: number): Excess {
  const alike = Math.max(1, Math.min(memory, over / 4));
  const misses = value * over;
  const share = (misses + alike / 2) / (over + alike);
  const spread = share * (1 - share);
  const isFew = Math.min(misses, over - misses) < FEW * alike;
  const own = Math.max(error, Math.sqrt((spread * (isFew ? alike : 1)) / over));
  const bound = misses < 1 ? ('most' as const) : misses > over - 1 ? ('least' as const) : undefined;
  return { ...excess(logit(share) - logit(allowed), own / spread), ...(bound && { bound }) };
}

/** A mean of nothing, as of tokens that came all at once, is not infinitely far below its bound. */
const FAR_BELOW = 1000;

/** How far a mean is from its bound: by the inverse of it, which falls about evenly with the rate where requests queue. */
export function meanExcess({ value, error }: Ratio, bound: number): Excess {
  const mean = Math.max(value, bound / FAR_BELOW);
  return excess(1 - bound / mean, (bound / mean ** 2) * error);
}

/** The same of a figure of which nobody knows how it grows: only whether it is met. */
export function plainExcess(met: boolean): Excess {
  return { ...excess(met ? -3 : 3, 1), bound: met ? 'most' : 'least' };
}

function excess(value: number, error: number): Excess {
  return { excess: Number(value.toPrecision(4)), error: Number(Math.max(LEAST_ERROR, error).toPrecision(3)) };
}

function logit(share: number): number {
  return Math.log(share / (1 - share));
}
