import type { Interval } from '../load/types.ts';

/** 97.5th percentile of the standard normal distribution: two-sided 95 %. */
const Z = 1.959964;

/**
 * The 95 % interval of a share by Wilson's score (JASA 22, 1927), which holds near 0 and 1, too.
 *
 * @returns shares from 0 to 1
 */
export function wilson(successes: number, trials: number): Interval {
  if (trials === 0) return [0, 1];
  const p = successes / trials;
  const spread = Z ** 2 / trials;
  const middle = (p + spread / 2) / (1 + spread);
  const half = (Z / (1 + spread)) * Math.sqrt((p * (1 - p)) / trials + spread / (4 * trials));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * The 95 % interval of b - a from the intervals of both, which may be lopsided: the method of variance estimates
 * recovery (Zou and Donner, Statistics in Medicine 27, 2008; for shares Newcombe's hybrid score interval of 1998).
 * Both samples have to be independent.
 */
export function differenceInterval(a: number, ofA: Interval, b: number, ofB: Interval): Interval {
  return [b - a - Math.hypot(b - ofB[0], ofA[1] - a), b - a + Math.hypot(ofB[1] - b, a - ofA[0])];
}
