import type { PointState } from '../types.ts';
import { leastSquares, mean } from './samples-over-time.ts';

/** Standard errors by which a growth of times has to be more than chance. */
const CERTAIN = 3;
/** A target that falls behind by less than this part of what it is offered is not told from one that keeps up. */
const LEAST_GROWTH = 0.03;
/** So many are judged by {@link PointState} alone. */
const MANY = 50;

interface Served {
  /** When each request was sent and how long it took, milliseconds, in any order. */
  readonly sentMs: Float64Array;
  readonly serviceMs: Float64Array;
  readonly state: PointState | undefined;
}

/**
 * Whether a target worked off what it was offered later than it was offered it: then its tokens came at the rate at which
 * its answers did. Else they come at the rate at which they are asked for, however long answers take and however much
 * their lengths differ: when answers ended would only tell how these were spread.
 */
export function fellBehind({ sentMs, serviceMs, state }: Served): boolean {
  if (state?.state === 'overloaded') return true;
  const count = sentMs.length;
  if (count < 3 || count >= MANY) return false;
  const line = leastSquares(sentMs, serviceMs);
  if (line === undefined || line.slope < LEAST_GROWTH) return false;
  const middle = mean(sentMs);
  let residual = 0;
  let spread = 0;
  for (let i = 0; i < count; i++) {
    const at = sentMs[i] as number;
    residual += ((serviceMs[i] as number) - line.intercept - line.slope * at) ** 2;
    spread += (at - middle) ** 2;
  }
  return line.slope > CERTAIN * Math.sqrt(residual / (count - 2) / spread);
}
