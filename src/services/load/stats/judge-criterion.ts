import type { Distribution, PointSummary } from '../types.ts';
import { COMPARE, type Criterion, metricOf } from './criterion.ts';
import type { Metric, TimeName } from './metrics.ts';
import { nearestRank } from './percentiles.ts';

/** Times of all requests of a point. */
export interface Times {
  /** How many have one, and which comes at a place, from 0, of the ascending order, milliseconds. */
  readonly count: number;
  readonly at: (place: number) => number | undefined;
  readonly mean: number;
  /** Infinitely slow: what timed out, failed or never ended. */
  readonly failed: number;
  /** Of a running point: what may still be fast. */
  readonly open: number;
  /** Of the requests, how many failed: 0 to 1. */
  readonly share: number;
}

/** Figures of a point, finished or running. */
export interface Measured extends Pick<PointSummary, 'outcomes' | 'scheduled' | 'okRps' | 'servedRps'> {
  readonly response?: PointSummary['response'] | undefined;
  readonly stream?: PointSummary['stream'] | undefined;
  readonly tokens?: PointSummary['tokens'] | undefined;
  readonly good?: PointSummary['good'] | undefined;
  readonly objectives?: PointSummary['objectives'] | undefined;
  /** Where they are known one by one. */
  readonly times?: (of: TimeName) => Times | undefined;
}

/** Whether the figures meet the criterion; a figure that does not exist meets none. */
export function judgeCriterion(
  criterion: Criterion,
  measured: Measured,
): { readonly met: boolean; readonly observed: string } {
  const metric = metricOf(criterion);
  const times = metric.kind === 'time' ? timesOf(metric.of, measured) : undefined;
  const value = metric.kind === 'time' ? timeOf(metric.at, times) : figureOf(metric.name, measured);
  if (value === undefined) return { met: false, observed: 'nothing measured' };
  const observed =
    value === Number.POSITIVE_INFINITY ? failedText(times?.share ?? 1) : observedText(metric.kind, value);
  return { met: COMPARE[criterion.operator](value, criterion.bound), observed };
}

function figureOf(name: Exclude<Metric, { kind: 'time' }>['name'], measured: Measured): number | undefined {
  const { outcomes, scheduled, okRps, servedRps, good, stream, tokens } = measured;
  const ok = scheduled === 0 ? undefined : outcomes.ok / scheduled;
  const figures = {
    ok,
    'error-rate': ok === undefined ? undefined : 1 - ok,
    good: scheduled === 0 ? undefined : good && good.count / scheduled,
    'ok-rps': okRps,
    'served-rps': servedRps,
    'good-rps': good?.rps,
    'tokens-per-second': stream?.outputTokensPerSecond ?? tokens?.outputPerSecond,
  };
  return figures[name];
}

function timeOf(at: number | 'mean' | 'max', times: Times | undefined): number | undefined {
  if (times === undefined) return undefined;
  const { count, failed, open, mean } = times;
  const all = open + count + failed;
  if (count + failed === 0) return undefined;
  if (at === 'mean') return failed > 0 ? Number.POSITIVE_INFINITY : mean;
  const place = at === 'max' ? all - 1 : nearestRank(at, all);
  return place < open ? 0 : (times.at(place - open) ?? Number.POSITIVE_INFINITY);
}

/** Times one by one, or else what a summary of the successes tells of them. */
function timesOf(of: TimeName, measured: Measured): Times | undefined {
  if (measured.times !== undefined) return measured.times(of);
  const { response, stream, scheduled, outcomes } = measured;
  const known: Partial<Record<TimeName, Distribution | undefined>> = {
    e2e: response,
    ttft: stream?.ttft,
    'ttft-sent': stream?.ttftSent,
    tpot: stream?.tpot,
    itl: stream?.itl,
  };
  const share = scheduled === 0 ? 0 : 1 - outcomes.ok / scheduled;
  const distribution = known[of];
  // Where nothing succeeded there are no times, and every request is infinitely slow.
  if (distribution === undefined) {
    return of === 'e2e' && share === 1
      ? { count: 0, at: () => undefined, mean: 0, failed: scheduled, open: 0, share }
      : undefined;
  }
  const { count, mean, p50, p90, p95, p99, max } = distribution;
  const failed = share === 1 ? count : Math.round((count * share) / (1 - share));
  const steps = [
    [0.5, p50],
    [0.9, p90],
    [0.95, p95],
    [0.99, p99],
  ] as const;
  // Between two known percentiles the higher one: no time is told as shorter than it was.
  const at = (place: number) =>
    place >= count ? undefined : (steps.find(([quantile]) => place <= nearestRank(quantile, count))?.[1] ?? max);
  return { count, at, mean, failed, open: 0, share };
}

function failedText(share: number): string {
  return `without end: ${(100 * share).toFixed(1)} % of the requests did not succeed`;
}

function observedText(kind: Metric['kind'], value: number): string {
  if (kind === 'share') return `${(100 * value).toFixed(2)} %`;
  if (kind === 'rate') return `${value < 10 ? Number(value.toPrecision(3)) : value.toFixed(1)}/s`;
  return value < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`;
}
