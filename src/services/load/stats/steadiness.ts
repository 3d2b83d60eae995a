import type { Outcome, PointState } from '../types.ts';
import { leastSquares, mean } from './samples-over-time.ts';
import { type Trend, trendOf } from './trend.ts';

/** Less in the middle half of the window says nothing about a trend. */
const MIN_REQUESTS = 5;
/** So many observations of the requests in flight are taken for their course; with fewer it is made from the records. */
const MIN_OBSERVATIONS = 5;
const GRID = 64;
/** Growth over the middle half that is nothing: requests; part of the mean; standard deviations of a Poisson number. */
const GROWTH = { requests: 3, share: 0.15, deviations: 3 } as const;
/** Part of the growth in flight that growing times must explain before it is an overload. */
const EXPLAINED = 0.5;
/**
 * What times have to grow by per second of arrivals to be an overload where the number in flight does not show it yet:
 * of a target that is offered more than it serves, this is the part that it does not serve. And how many times its
 * standard error that has to be.
 */
const TREND = { share: 0.03, errors: 4 } as const;
/** Part of the requests that may be shed before the target is not keeping up. */
const SHED_SHARE = 0.02;
const SHED_STATUS = [429, 502, 503, 504];

export interface SteadinessInput {
  readonly rate: number;
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
  /** Milliseconds since the window's beginning at which each request was sent. */
  readonly sentMs: ArrayLike<number>;
  /** End minus sent, milliseconds, in the same order; of what did not end, the time that it was open. */
  readonly serviceMs: ArrayLike<number>;
  /** 1 for a request that was still open when nobody waited any longer, in the same order. */
  readonly censored: ArrayLike<number>;
  /** What was seen in flight while the point ran, warm-up requests included. */
  readonly observed: { readonly atMs: ArrayLike<number>; readonly inFlight: ArrayLike<number> };
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly statuses: ReadonlyMap<number, number>;
  readonly dropped: number;
  readonly responseP99?: number;
}

/**
 * Steady, filling or overloaded, on the middle half of the window. What is in flight grows in both of the latter; the
 * times tell them apart. In a fluid queue that gets `rate` and serves less, the time in system grows with the time of
 * arrival, and `rate` times that growth is the growth in flight. A target that is only being filled takes the same time
 * for every request. Little's law is told beside it: arrival rate x mean time in system against the mean in flight
 * (Little 1961), which agree in equilibrium only.
 */
export function judgeState(input: SteadinessInput): PointState {
  const middle = middleOf(input);
  const total = Object.values(input.outcomes).reduce((sum, count) => sum + count, 0);
  if (middle.sent < MIN_REQUESTS) {
    const reason = `only ${middle.sent} requests fell into the middle half of the window`;
    const wanted = Math.ceil((4 * MIN_REQUESTS) / input.rate);
    return { state: 'unknown', reason, suggestedDurationSeconds: Math.max(wanted, 1) };
  }
  if (input.outcomes.ok === 0) return { state: 'unknown', reason: `none of ${total} requests succeeded` };
  const { slope, little, growth } = middle;
  const figures = { inFlightSlope: rounded(slope), little };
  const allowed = Math.max(
    GROWTH.requests,
    GROWTH.share * little.observed,
    GROWTH.deviations * Math.sqrt(little.observed),
  );
  const observed = `in flight ${signed(slope)}/s around a mean of ${little.observed.toFixed(1)}`;
  if (input.dropped > 0) {
    const reason = `${observed}, and ${input.dropped} requests found no place below the bound`;
    return { state: 'overloaded', reason, ...figures };
  }
  const longerBy = (share: number) =>
    `${observed}, and each second of arrivals waits ${(share * 1000).toFixed(0)} ms longer`;
  if (growth > allowed) {
    const explained = (input.rate * middle.serviceTrend) / slope;
    if (explained > EXPLAINED) return { state: 'overloaded', reason: longerBy(middle.serviceTrend), ...figures };
    // Times that end at the timeout no longer grow; a target that is only being filled refuses nobody.
    const refused = refusedOf(input);
    if (refused > SHED_SHARE * total)
      return { state: 'overloaded', reason: shedReason(observed, refused, total), ...figures };
    const suggestedDurationSeconds = suggestion(input, middle.longestMs);
    const reason =
      `${observed} while answers take the same time throughout: the window is short against them; ` +
      `--duration ${suggestedDurationSeconds}s would show the steady state`;
    return { state: 'filling', reason, ...figures, suggestedDurationSeconds };
  }
  // A short point of a target slightly over its capacity has not gathered enough in flight to tell; its times do.
  const trend = laterTrend(input);
  if (trend.slope > TREND.share && trend.errors > TREND.errors) {
    return { state: 'overloaded', reason: longerBy(trend.slope), ...figures };
  }
  const shed = refusedOf(input) + input.outcomes.incomplete;
  if (shed > SHED_SHARE * total) return { state: 'overloaded', reason: shedReason(observed, shed, total), ...figures };
  const reason = `${observed}; Little's law expects ${little.expected.toFixed(1)}`;
  return { state: 'steady', reason, ...figures };
}

function middleOf(input: SteadinessInput) {
  const from = input.durationSeconds * 250;
  const to = input.durationSeconds * 750;
  const arrivals: number[] = [];
  const times: number[] = [];
  const ended: { readonly at: number[]; readonly took: number[] } = { at: [], took: [] };
  let longestMs = 0;
  for (let i = 0; i < input.sentMs.length; i++) {
    const at = input.sentMs[i] ?? 0;
    const took = input.serviceMs[i] ?? 0;
    longestMs = Math.max(longestMs, took);
    if (at < from || at >= to) continue;
    arrivals.push(at);
    times.push(took);
    if (input.censored[i]) continue;
    ended.at.push(at);
    ended.took.push(took);
  }
  const course = courseOf(input, from, to);
  const seconds = (to - from) / 1000;
  const slope = (leastSquares(course.atMs, course.inFlight)?.slope ?? 0) * 1000;
  return {
    sent: arrivals.length,
    slope,
    growth: slope * seconds,
    /** Seconds of time in system per second of arrival. */
    serviceTrend: leastSquares(ended.at, ended.took)?.slope ?? 0,
    longestMs,
    little: {
      expected: rounded(((arrivals.length / seconds) * mean(times)) / 1000),
      observed: rounded(mean(course.inFlight)),
    },
  };
}

/** Of the arrivals after the first quarter of the window: what comes last has waited longest. */
function laterTrend({ durationSeconds, sentMs, serviceMs, censored }: SteadinessInput): Trend {
  const at: number[] = [];
  const took: number[] = [];
  for (let i = 0; i < sentMs.length; i++) {
    if (censored[i] || (sentMs[i] ?? 0) < durationSeconds * 250) continue;
    at.push(sentMs[i] ?? 0);
    took.push(serviceMs[i] ?? 0);
  }
  return trendOf(at, took);
}

/** The course of what is in flight between two times: as it was seen, or, of short windows, made from the records. */
function courseOf({ observed, sentMs, serviceMs }: SteadinessInput, from: number, to: number) {
  const atMs: number[] = [];
  const inFlight: number[] = [];
  for (let i = 0; i < observed.atMs.length; i++) {
    const at = observed.atMs[i] ?? 0;
    if (at < from || at > to) continue;
    atMs.push(at);
    inFlight.push(observed.inFlight[i] ?? 0);
  }
  if (atMs.length >= MIN_OBSERVATIONS) return { atMs, inFlight };
  const step = (to - from) / GRID;
  const change = new Float64Array(GRID + 2);
  const slot = (ms: number) => Math.min(GRID + 1, Math.max(0, Math.ceil((ms - from) / step)));
  for (let i = 0; i < sentMs.length; i++) {
    const sent = sentMs[i] ?? 0;
    const [first, after] = [slot(sent), slot(sent + (serviceMs[i] ?? 0))];
    change[first] = (change[first] ?? 0) + 1;
    change[after] = (change[after] ?? 0) - 1;
  }
  const grid = Array.from({ length: GRID + 1 }, (_, i) => from + i * step);
  let open = 0;
  return {
    atMs: grid,
    inFlight: grid.map((_, i) => {
      open += change[i] ?? 0;
      return open;
    }),
  };
}

/** The middle half has to begin after the longest answers: a quarter of the window, and the warm-up, for these. */
function suggestion({ warmupSeconds, durationSeconds, responseP99 }: SteadinessInput, longestMs: number): number {
  const longest = Math.max(responseP99 ?? 0, longestMs) / 1000;
  const needed = Math.max(4 * (longest - warmupSeconds), 2 * durationSeconds);
  const unit = needed > 120 ? 30 : needed > 20 ? 10 : 5;
  return Math.ceil(needed / unit) * unit;
}

function refusedOf({ outcomes, statuses }: SteadinessInput): number {
  return SHED_STATUS.reduce((sum, status) => sum + (statuses.get(status) ?? 0), outcomes.timeout);
}

function shedReason(observed: string, shed: number, total: number): string {
  return `${observed}, and ${((100 * shed) / total).toFixed(1)} % were refused or timed out`;
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(1);
  return text === '0.0' ? '±0' : `${value < 0 ? '-' : '+'}${text}`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
