import { remedy } from '../../../errors.ts';
import type { Certainty } from '../figures.ts';
import type { SweepPlan } from '../types.ts';
import { binomial } from './binomial.ts';
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

/** The chance that a bound is wrong, of each of so many looks: together 1 %, whichever of them is the last (Bonferroni). */
export function doubtOf(looks: number): number {
  return DOUBT / looks;
}

/** A look at a point that may end it. */
export interface Look extends Certainty {
  /** Of its samples, as many of which tell as much as all do: the end of the point takes it as it was. */
  readonly share: number;
}

/**
 * How certain a percentile is. Each look spends its part of the doubt, so that the bound of the look at which a point ends
 * holds with 99 % confidence, whichever that is: ending when the figures look well gains nothing.
 *
 * What is still open will be part of the point's figures: it is certain only where it stays so whatever comes of them.
 *
 * @param share of an earlier look, see {@link Look}
 * @param open see {@link openRequests}
 * @returns undefined without samples
 */
export function certaintyOf(
  until: UntilCertain,
  looks: number,
  samples: Samples,
  share?: number,
  open?: ReturnType<typeof openRequests>,
): Look | undefined {
  const found = samples.bound(until.at, doubtOf(looks), share, open);
  if (found === undefined) return undefined;
  const { estimate, upper } = found;
  const reached = upper !== undefined && upper <= estimate * (1 + until.width);
  return { metric: until.metric, width: until.width, ...found, reached };
}

/** A chance that may be left out of account: that more of what is open turns out slow. */
const NEGLIGIBLE = 0.001;

/**
 * How many of the requests that are open at a look may yet be slower than a percentile: those that are open for longer
 * than nearly all answers take, and what chance makes of the others. Slow ones are among the open ones more often than
 * among those that have ended, so that it goes by all that were sent in that time.
 *
 * @param lately sent within as long as nearly all answers take, and how many of these have ended
 */
export function openRequests(at: number, open: number, lately: { readonly sent: number; readonly ended: number }) {
  const young = Math.max(0, lately.sent - lately.ended);
  const old = Math.max(0, open - young);
  let slow = 0;
  for (let below = 0; slow < lately.sent; slow++) {
    below += binomial(lately.sent, slow, 1 - at);
    if (below >= 1 - NEGLIGIBLE) break;
  }
  return { count: open, slow: Math.min(open, old + slow) };
}

/** How long a point is at the least, seconds: as long as until its first look. */
export function leastSeconds(
  until: Omit<UntilCertain, 'of' | 'at'>,
  rate: number,
  plan: Pick<SweepPlan, 'loop' | 'turns' | 'durationSeconds'>,
): number {
  const { metric, width, maxDurationSeconds } = until;
  const asked = { ...parseUntilCertain(metric), width, maxDurationSeconds: Number.MAX_VALUE };
  const [first = 0] = looksOf(asked, requestRate(rate, plan), plan.durationSeconds);
  return Math.min(first, maxDurationSeconds);
}
