import { defined } from '../../defined.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { Goodput, ObjectiveFigure, PointSummary, SloVerdict } from '../types.ts';
import { shareBounds } from './binomial.ts';
import { DOUBT, effectiveCount } from './certainty.ts';
import { COMPARE, type Criterion, type Limit, metricOf } from './criterion.ts';
import { ExcessTally } from './excess-tally.ts';
import { GoodCount } from './goodput.ts';
import { judgeCriterion, type Times } from './judge-criterion.ts';
import { STREAMED, type TimeName } from './metrics.ts';
import { Samples } from './percentiles.ts';
import { requestTimes } from './request-times.ts';
import { Column } from './samples-over-time.ts';
import { searchedObjectives } from './searched-objectives.ts';
import type { UntilCertain } from './until-certain.ts';
import { isValid } from './validity.ts';

/*
 * The judgement of objectives, for whoever needs it:
 *
 * - `point.objectives`: how a point did by each `--slo` and `--abort-on`, in their order; `share` has the 99 % bounds
 * - `standing(criterion, point, certainly)`: met, missed or undecided, by figures or leaving out chance
 * - `judgeSlo(criterion, points)`: the verdict on a sweep
 * - `point.good`: the requests that keep all limits of `--goodput`
 */

/** What a sweep asks of its points. */
export interface Objectives {
  readonly criteria?: readonly Criterion[];
  readonly limits?: readonly Limit[];
  /** A search wants to know how far they are missed. */
  readonly isSearched?: boolean;
  /** Times of which the samples are kept, beside those of the criteria. */
  readonly times?: readonly TimeName[];
}

/** The objectives among the settings of a sweep; those of a manifest will do. */
export function objectivesOf(settings: {
  readonly slos?: readonly Criterion[];
  readonly abortOn?: readonly Criterion[];
  readonly goodput?: readonly Limit[];
  readonly findKnee?: boolean;
  readonly untilCertain?: Pick<UntilCertain, 'of'>;
}): Objectives {
  const { abortOn = [], goodput = [], untilCertain } = settings;
  const times = untilCertain === undefined ? [] : [untilCertain.of];
  return { criteria: [...searchedObjectives(settings), ...abortOn], limits: goodput, times };
}

/** Stands for the gaps of a request that failed, until it is known how many an answer has. */
const AS_MANY_AS_OTHERS = -1;

/** Hits and trials of each request, in the order in which they ended. */
interface Trials {
  readonly hits: Column;
  readonly trials: Column;
}

/**
 * Judges the requests of a point by its objectives as they end. **All** of them: one that timed out, failed or never ended
 * has met no latency objective, and counts as infinitely slow. The percentiles of tables are those of successes.
 */
export class ObjectiveTally {
  readonly #criteria: readonly Criterion[];
  readonly #trials: readonly (Trials | undefined)[];
  readonly #samples = new Map<TimeName, Samples>();
  readonly #good: GoodCount;
  readonly #excess: ExcessTally | undefined;
  #answersWithGaps = 0;
  #streamed = false;

  constructor({ criteria = [], limits = [], times = [], isSearched = false }: Objectives = {}) {
    this.#criteria = criteria;
    this.#excess = isSearched ? new ExcessTally(criteria) : undefined;
    this.#good = new GoodCount(limits);
    this.#trials = criteria.map((each) =>
      neededShare(each) === undefined ? undefined : { hits: new Column(), trials: new Column() },
    );
    for (const of of times) this.#samples.set(of, new Samples());
    for (const each of criteria) {
      const metric = metricOf(each);
      if (metric.kind === 'time') this.#samples.set(metric.of, new Samples());
    }
  }

  /** Of those that have ended. */
  get bad(): number {
    return this.#good.bad;
  }

  /** Of successes; undefined where nothing asks for that time. */
  samples(of: TimeName): Samples | undefined {
    return this.#samples.get(of);
  }

  add(record: RequestRecord): void {
    const isGood = this.#good.add(record);
    if (this.#samples.size + this.#criteria.length === 0) return;
    const isOk = record.outcome === 'ok';
    const times = isOk ? requestTimes(record) : {};
    const gaps = (isOk && record.itl_ms) || [];
    if (times.ttft !== undefined) this.#streamed = true;
    if (gaps.length > 0) this.#answersWithGaps++;
    for (const [of, samples] of this.#samples) {
      if (of === 'itl') for (const gap of gaps) samples.add(gap);
      else if (times[of] !== undefined) samples.add(times[of]);
    }
    this.#excess?.addTimes(record.intendedMs, times, gaps);
    for (const [at, criterion] of this.#criteria.entries()) {
      const into = this.#trials[at];
      if (into === undefined) continue;
      const metric = metricOf(criterion);
      const keeps = (ms: number) => COMPARE[criterion.operator](ms, criterion.bound);
      const push = (hits: number, trials: number) => {
        into.hits.push(hits);
        into.trials.push(trials);
        this.#excess?.addTrials(at, record.intendedMs, hits, trials === AS_MANY_AS_OTHERS ? this.#gapsOfOne() : trials);
      };
      if (metric.kind !== 'time') push(metric.kind === 'share' && (metric.name === 'good' ? isGood : isOk) ? 1 : 0, 1);
      else if (!isOk) push(0, metric.of === 'itl' ? AS_MANY_AS_OTHERS : 1);
      else if (metric.of === 'itl') push(gaps.filter(keeps).length, gaps.length);
      else {
        const ms = times[metric.of];
        // One token alone has no time per token; a first token that never came is one that never came.
        push(ms !== undefined && keeps(ms) ? 1 : 0, ms === undefined && metric.of === 'tpot' ? 0 : 1);
      }
    }
  }

  good(scheduled: number, seconds: number): Goodput | undefined {
    return this.#good.summary(scheduled, seconds);
  }

  /**
   * The times that objectives ask for.
   *
   * @param ended how many requests have ended, and how many of these failed
   * @param open requests that may still do well, and count as if they did
   */
  times(of: TimeName, ended: { readonly all: number; readonly failed: number }, open = 0): Times | undefined {
    const samples = this.#samples.get(of);
    if (samples === undefined) return undefined;
    // Answers that came whole have no such times; requests of which none succeeded are infinitely slow all the same.
    if (STREAMED.includes(of) && !this.#streamed && ended.failed < ended.all) return undefined;
    const failed = this.#failed(of, ended, samples.count);
    const sorted = samples.sorted();
    const share = ended.all === 0 ? 0 : ended.failed / ended.all;
    return { count: sorted.length, at: (place) => sorted[place], mean: samples.mean, failed, open, share };
  }

  /** @param measured the figures of the point that is over */
  figures(measured: PointSummary): ObjectiveFigure[] {
    const { scheduled, outcomes } = measured;
    const ended = { all: scheduled, failed: scheduled - outcomes.ok };
    const times = (of: TimeName) => this.times(of, ended);
    return this.#criteria.map((criterion, at) => {
      const judged = judgeCriterion(criterion, { ...measured, objectives: undefined, times });
      return defined({
        expression: criterion.expression,
        ...judged,
        ...this.#evidence(criterion, this.#trials[at], scheduled),
        evidence: this.#excess?.of(at, judged.met, neededShare(criterion)),
      });
    });
  }

  #evidence(criterion: Criterion, { hits, trials }: Partial<Trials> = {}, scheduled: number) {
    const needed = neededShare(criterion);
    const metric = metricOf(criterion);
    if (hits === undefined || trials === undefined || needed === undefined || scheduled === 0) return {};
    if (metric.kind === 'time' && STREAMED.includes(metric.of) && !this.#streamed) return {};
    const gaps = this.#gapsOfOne();
    const of = trials.view().map((each) => (each === AS_MANY_AS_OTHERS ? gaps : each));
    const unsent = (scheduled - trials.length) * (metric.kind === 'time' && metric.of === 'itl' ? gaps : 1);
    const within = sum(hits.view());
    const all = sum(of) + unsent;
    const part = effectiveCount(hits.view(), of) / Math.max(1, sum(of));
    const [low, high] = shareBounds(within * part, all * part, DOUBT);
    return { within, of: Math.round(all), needed, share: [rounded(low), rounded(high)] as const };
  }

  /** What counts as infinite: of gaps, as many for each failed request as an answer has on the average. */
  #failed(of: TimeName, { all, failed }: { readonly all: number; readonly failed: number }, counted: number): number {
    if (of === 'itl') return Math.round(failed * this.#gapsOfOne());
    return of === 'tpot' ? failed : all - counted;
  }

  #gapsOfOne(): number {
    const gaps = this.#samples.get('itl')?.count ?? 0;
    return this.#answersWithGaps === 0 ? 1 : gaps / this.#answersWithGaps;
  }
}

/** The share of requests that has to be within the bound, where the criterion asks for one. */
function neededShare(criterion: Criterion): number | undefined {
  const { operator, bound } = criterion;
  const metric = metricOf(criterion);
  const asksLess = operator === '<' || operator === '<=';
  if (metric.kind === 'time') return asksLess && typeof metric.at === 'number' ? metric.at : undefined;
  if (metric.kind !== 'share') return undefined;
  if (metric.name === 'error-rate') return asksLess ? 1 - bound : undefined;
  return asksLess ? undefined : bound;
}

function sum(values: Float64Array): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}

function rounded(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

/** Met, missed, or neither: the point says nothing of the target, or chance may have made what it says. */
export type Standing = 'met' | 'missed' | 'undecided';

/**
 * How a point stands to an objective.
 *
 * @param certainly whether chance has to be left out: a share of requests is then met or missed only where the 99 % bound
 *   of the true share says so. Figures that are no share (rates, mean, max) are taken as they are.
 */
export function standing(criterion: Criterion, point: PointSummary, certainly = false): Standing {
  if (whyUndecided(point) !== undefined) return 'undecided';
  const { met, share, needed } = figureOf(criterion, point);
  if (!certainly || share === undefined || needed === undefined) {
    // A point that felt the one before and still kept it kept it.
    return met ? 'met' : point.contaminated === undefined ? 'missed' : 'undecided';
  }
  const [low, high] = share;
  return low >= needed ? 'met' : high < needed && point.contaminated === undefined ? 'missed' : 'undecided';
}

/** How a point did by a criterion; of a run of an earlier version as well as its percentiles of successes tell. */
function figureOf(criterion: Criterion, point: PointSummary): ObjectiveFigure {
  const known = point.objectives?.find(({ expression }) => expression === criterion.expression);
  return known ?? { expression: criterion.expression, ...judgeCriterion(criterion, point) };
}

/** Why an objective cannot be judged by a point that was offered; undefined where it can, and where it was left out. */
function whyUndecided(point: PointSummary): string | undefined {
  if (!isValid(point)) return point.validity;
  return point.sent === 0 ? 'nothing was sent' : undefined;
}

/**
 * The verdict of a threshold on a sweep: every point that was offered has to meet it. One that says nothing about the
 * target decides nothing, and a threshold that any point leaves open has not passed.
 */
export function judgeSlo(criterion: Criterion, all: readonly PointSummary[]): SloVerdict {
  const offered = all.filter(({ status }) => status !== 'skipped');
  const points: { rate: number; passed: boolean; observed: string }[] = [];
  const undecided: { rate: number; why: string }[] = [];
  for (const point of offered) {
    const { rate } = point;
    const why = whyUndecided(point);
    const stands = standing(criterion, point);
    if (stands !== 'undecided')
      points.push({ rate, passed: stands === 'met', observed: figureOf(criterion, point).observed });
    else undecided.push({ rate, why: why ?? `${figureOf(criterion, point).observed} on a contaminated point` });
  }
  const passed = points.length > 0 && undecided.length === 0 && points.every((point) => point.passed);
  const open = undecided.length === 0 ? {} : { undecided };
  return { expression: criterion.expression, passed, points, ...open };
}
