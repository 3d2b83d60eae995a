import { remedy } from '../../../errors.ts';
import type { Certainty } from '../figures.ts';
import type { SweepPlan } from '../types.ts';
import { DOUBT, samplesNeeded } from './certainty.ts';
import { metricNamed, type TimeName } from './metrics.ts';
import type { Samples } from './percentiles.ts';

/** `--until-certain p99:5%`: how sure a percentile has to be before a point may end. It stands in manifests. */
export interface UntilCertain {
  /** As typed before the colon: `p99`, `ttft_p99`. */
  readonly metric: string;
  readonly of: TimeName;
  /** The quantile, 0 to 1. */
  readonly at: number;
  /** The upper bound may be so much above the estimate, as a part of it. */
  readonly width: number;
  /** Of a point at the most, seconds. */
  readonly maxDurationSeconds: number;
}

const WIDTH = 0.1;
/** Gaps of one answer are not samples of their own. */
const REFUSED: readonly TimeName[] = ['itl'];

/**
 * Reads `p99`, `ttft_p99.9` or `p99:5%`.
 *
 * @throws RemedyError (exit 2)
 */
export function parseUntilCertain(text: string): Omit<UntilCertain, 'maxDurationSeconds'> {
  const [, metric = '', width] = /^\s*([\w.-]+?)\s*(?::\s*(\d+(?:\.\d+)?)\s*%)?\s*$/.exec(text) ?? [];
  const known = metricNamed(metric);
  const share = width === undefined ? WIDTH : Number(width) / 100;
  const isKnown = known?.kind === 'time' && typeof known.at === 'number' && !REFUSED.includes(known.of);
  if (isKnown && typeof known.at === 'number' && share > 0) return { metric, of: known.of, at: known.at, width: share };
  throw remedy.usage('until-certain-invalid', `--until-certain "${text}" is no percentile of the requests`, [
    'write for example --until-certain p99, or p99:5% for an upper bound at most 5 % above it; also p99.9, ttft_p99, tpot_p95',
  ]);
}

/** From look to look. */
const GROWTH = 1.5;
/** Samples of the first look, of those without which there is no bound. */
const FIRST = 2;

/**
 * When a point is looked at, seconds since its window began: fixed before it begins, so that what is seen decides only
 * which of them is the last. The first one has enough requests for a bound, and is not before `leastSeconds`.
 *
 * @param rate requests per second at the most; undefined where the target decides: then it is looked at from the beginning,
 *   for what it does alone (a probe) tells neither how slow it is under load nor how fast once it is warm
 */
export function looksOf(until: UntilCertain, rate: number | undefined, leastSeconds: number): number[] {
  const most = until.maxDurationSeconds;
  const looks: number[] = [];
  const enough = rate === undefined ? 0 : (FIRST * samplesNeeded(until.at)) / rate;
  for (let next = Math.max(leastSeconds, enough); next < most / 1.2; next *= GROWTH) {
    looks.push(Number(next.toPrecision(3)));
  }
  return [...looks, most];
}

/** How many requests per second a point makes at the most; undefined of a closed loop, in which the answers decide. */
export function requestRate(rate: number, { loop, turns = 1 }: Pick<SweepPlan, 'loop' | 'turns'>): number | undefined {
  return loop === 'closed' ? undefined : rate * turns;
}

/**
 * How certain a percentile is. Each look spends its part of the doubt, so that the bound of the look at which a point ends
 * holds with 99 % confidence, whichever that is (Bonferroni): ending when the figures look well gains nothing.
 *
 * @returns undefined without samples
 */
export function certaintyOf(until: UntilCertain, looks: number, samples: Samples): Certainty | undefined {
  const found = samples.bound(until.at, DOUBT / looks);
  if (found === undefined) return undefined;
  const { estimate, upper, count } = found;
  const reached = upper !== undefined && upper <= estimate * (1 + until.width);
  return { metric: until.metric, width: until.width, estimate, ...(upper !== undefined && { upper }), count, reached };
}
