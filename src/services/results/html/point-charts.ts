import { unitOf } from '../../load/offered.ts';
import { dueRps } from '../../load/stats/due-rate.ts';
import type { Distribution, Interval, PointSummary, SweepReport } from '../../load/types.ts';
import { countingOf } from '../counting-points.ts';
import { isAtLeast } from '../knee-line.ts';
import { perSecond, rateText, refusals, shareText, timeText } from '../text.ts';
import { isServed, isSound, percentileOf, verdictOf, wasMeasured } from '../verdict.ts';
import { partsOf, waterfallTotal, workText } from '../waterfall-parts.ts';
import { type Chart, number, type Series, shown, stacked, tickTime } from './chart.ts';

type Points = readonly PointSummary[];

/**
 * Everything that is drawn of a run's points: those that were measured, by rising rate, as a ladder may be offered in any
 * order. Of a rate that was offered more than once, the point that counts.
 */
export function pointCharts(report: SweepReport): Chart[] {
  const points = countingOf(report)
    .filter(wasMeasured)
    .sort((a, b) => a.rate - b.rate);
  const { knee } = report;
  const marks =
    knee === undefined
      ? []
      : [{ x: knee.rate, label: `${isAtLeast(report) ? 'knee, at least' : 'knee'} ${knee.rate}` }];
  const charts = [throughput, latency, speedup, waterfall, outcomes, stream, tokens].map((of) => of(points));
  return shown(charts).map((chart) => (chart.x.scale === 'band' ? chart : { ...chart, marks }));
}

/** What charts over the offered rate have in common; on a band axis, each point has a place, whatever its rate. */
function over(points: Points, scale: 'linear' | 'log' | 'band'): Pick<Chart, 'x' | 'flags' | 'columnName'> {
  const placed = points.map((point, index) => ({ point, x: scale === 'band' ? index : point.rate }));
  const byPlace = new Map(placed.map(({ point, x }) => [x, point]));
  const tick = (x: number) => number(scale === 'band' ? (points[x]?.rate ?? 0) : x);
  return {
    x: { label: isClosed(points) ? 'requests always open (closed loop)' : 'offered, requests per second', scale, tick },
    flags: placed.flatMap(({ point, x }) => (isSound(point) ? [] : [{ x, label: verdictOf(point) }])),
    columnName(x) {
      const point = byPlace.get(x);
      return point === undefined ? `${x}` : `${point.rate} ${unitOf(point)}, ${verdictOf(point)}`;
    },
  };
}

function isClosed(points: Points): boolean {
  return points[0]?.loop === 'closed';
}

function axisOf(points: Points): string {
  return isClosed(points) ? 'requests always open (closed loop)' : 'offered rate';
}

/** A figure of a point, with its 95 % interval where it has one; nothing where the point has no such figure. */
type Figure = number | { readonly value: number | undefined; readonly ci: Interval | undefined } | undefined;

function lineOver(
  points: Points,
  text: (value: number) => string,
  [name, color, figure]: readonly [name: string, color: number, figure: (point: PointSummary) => Figure],
): Series {
  const data = points.flatMap((point) => {
    const known = figure(point);
    const { value, ci } = typeof known === 'object' ? known : { value: known, ci: undefined };
    if (value === undefined) return [];
    const datum = { x: point.rate, y: value, hollow: !isSound(point), text: text(value) };
    if (ci === undefined) return [datum];
    const [low, high] = ci;
    return [{ ...datum, low, high, text: `${datum.text} (${text(low)} to ${text(high)})` }];
  });
  return { name, kind: 'line', color, markers: true, data };
}

/** What a target would do that keeps up with everything. */
function ideal(points: Points, text: (value: number) => string, figure: (point: PointSummary) => number): Series {
  return { ...lineOver(points, text, ['ideal', 6, figure]), dashed: true, markers: false };
}

function throughput(points: Points): Chart {
  const served = lineOver(points, perSecond, ['served', 1, (each) => (isServed(each) ? each.servedRps : undefined)]);
  const [best] = served.data.toSorted((a, b) => b.y - a.y);
  const most =
    best === undefined
      ? ''
      : ` The most served were ${rateText(best.y)} per second at ${best.x} ${isClosed(points) ? 'always open' : 'offered'}.`;
  return {
    ...over(points, 'linear'),
    id: 'throughput',
    title: `Throughput against ${axisOf(points)}`,
    summary: `Successful answers per second against ${axisOf(points)}.${most}`,
    note: 'ok: successes per second of the point, without a backlog that was worked off after it. served: the rate at which successes came until the last one.',
    y: { label: 'answers per second', scale: 'linear', tick: number },
    series: [
      ...(isClosed(points) ? [] : [ideal(points, perSecond, dueRps)]),
      lineOver(points, perSecond, ['sent', 4, ({ sentRps }) => sentRps]),
      lineOver(points, perSecond, ['ok', 2, ({ okRps }) => okRps]),
      served,
    ],
  };
}

function latency(measured: Points): Chart {
  const points = measured.filter(({ response }) => response !== undefined);
  const median = (point: PointSummary | undefined) =>
    `${timeText(point?.response?.p50 ?? 0)} at ${point?.rate} ${isClosed(points) ? 'always open' : 'requests per second'}`;
  return {
    ...over(points, 'log'),
    id: 'latency',
    title: `Response time against ${axisOf(points)}`,
    summary: `Percentiles of the response time of successes, from the ${isClosed(points) ? 'sending' : 'intended time'} of each request. The median goes from ${median(points[0])} to ${median(points.at(-1))}.`,
    note: 'Both axes are logarithmic. Bars: 95 % confidence intervals, where the sample is large enough for one.',
    y: { label: 'response time', scale: 'log', tick: tickTime },
    series: (['p50', 'p90', 'p95', 'p99'] as const).map((name, color) => {
      const figure = (point: PointSummary) => ({ value: percentileOf(point, name), ci: point.response?.ci[name] });
      return lineOver(points, timeText, [name, color, figure]);
    }),
  };
}

/** How much more the target got done than at the lowest rate, against how much more it was offered. */
function speedup(points: Points): Chart | undefined {
  const base = points.find((point) => isSound(point) && isServed(point) && point.servedRps > 0);
  if (base === undefined || points.length < 2) return undefined;
  const times = (value: number) => `${Number(value.toPrecision(3))} x`;
  const above = points.filter(({ rate, servedRps }) => rate >= base.rate && servedRps > 0);
  const served = lineOver(above, times, ['served', 0, ({ servedRps }) => servedRps / base.servedRps]);
  return {
    ...over(above, 'log'),
    id: 'speedup',
    title: `Speed-up against ${base.rate} ${unitOf(base)}`,
    summary: `Answers served per second relative to ${base.rate} ${unitOf(base)}, the least that was sound. The highest is ${times(Math.max(...served.data.map(({ y }) => y)))}.`,
    note: `Both axes are logarithmic. Ideal: the target gets as many times more done as ${isClosed(points) ? 'requests are open' : 'it is offered'}.`,
    y: { label: 'times', scale: 'log', tick: number },
    series: [ideal(above, times, ({ rate }) => rate / base.rate), served],
  };
}

/** Where answers stream: when the first token came and how fast the others followed. */
function stream(measured: Points): Chart {
  const points = measured.filter((point) => point.stream !== undefined);
  const of = (part: 'ttft' | 'reasoningTtft' | 'tpot' | 'itl', at: 'p50' | 'p99') => (point: PointSummary) => {
    const times: Distribution | undefined = point.stream?.[part];
    return { value: times?.[at], ci: times?.ci[at] };
  };
  const lines = [
    ['TTFT p50', 0, of('ttft', 'p50')],
    ['TTFT p99', 3, of('ttft', 'p99')],
    ['TPOT p50', 2, of('tpot', 'p50')],
    ['TPOT p99', 1, of('tpot', 'p99')],
    ['ITL p99', 4, of('itl', 'p99')],
    ['first of reasoning p50', 5, of('reasoningTtft', 'p50')],
  ] as const;
  return {
    ...over(points, 'log'),
    id: 'stream',
    title: `Tokens of streamed answers against ${axisOf(points)}`,
    summary:
      'Time to the first token (TTFT), time per output token after it (TPOT), time between reads that carried tokens (ITL).',
    note: 'Both axes are logarithmic. Bars: 95 % confidence intervals. ITL is per read: tokens that arrive together count once.',
    y: { label: 'time', scale: 'log', tick: tickTime },
    series: lines.map((line) => lineOver(points, timeText, line)),
  };
}

function tokens(measured: Points): Chart {
  const points = measured.filter(({ tokens: counted, stream: streamed }) => (counted ?? streamed) !== undefined);
  const output = lineOver(points, perSecond, [
    'output tokens',
    0,
    ({ tokens: counted, stream: streamed }) => counted?.outputPerSecond ?? streamed?.outputTokensPerSecond,
  ]);
  const arrived = lineOver(points, perSecond, ['arrived in the window', 4, (point) => point.tokens?.arrivedPerSecond]);
  const isEstimated = points.some((point) => (point.tokens?.estimated ?? 0) > 0);
  return {
    ...over(points, 'linear'),
    id: 'tokens',
    title: `Output tokens per second against ${axisOf(points)}`,
    summary: `Output tokens per second over all answers. The most were ${rateText(Math.max(...output.data.map(({ y }) => y)))} per second.`,
    ...(isEstimated ? { note: 'Estimated: some answers told no count, and events stand for their tokens.' } : {}),
    y: { label: 'tokens per second', scale: 'linear', tick: number },
    series: [output, arrived],
  };
}

/** Where the mean response time went, one stack per point. */
function waterfall(measured: Points): Chart {
  const known = measured.flatMap((point) => (point.waterfall === undefined ? [] : [{ point, times: point.waterfall }]));
  const parts = partsOf(known.map(({ times }) => times));
  const points = known.map(({ point }) => point);
  const totalAt = (each: (typeof known)[number] | undefined) =>
    each === undefined ? '' : `${timeText(waterfallTotal(each.times))} at ${each.point.rate}`;
  const pieces = parts.map(({ name, color, of, work }) => ({
    name,
    color,
    value: ({ times }: (typeof known)[number]) => of(times) ?? 0,
    text({ times }: (typeof known)[number]) {
      const did = work?.(times);
      return `${timeText(of(times) ?? 0)}${did === undefined ? '' : ` (${workText(did)})`}`;
    },
  }));
  return {
    ...over(points, 'band'),
    id: 'waterfall',
    title: 'Where the mean response time went',
    summary: `Mean response time by hop, one stack per point: ${parts.map(({ name }) => name).join(', ')}. In all ${totalAt(known[0])} and ${totalAt(known.at(-1))} ${isClosed(points) ? 'requests always open' : 'requests per second'}.`,
    note: 'Successes that carried all figures. Network: what no service accounts for, between client, A, B and their engines, with proxies and load balancers.',
    y: { label: 'mean response time', scale: 'linear', tick: tickTime },
    series: stacked('bar', known, pieces, ({ point }, x) => ({ x, hollow: !isSound(point) })),
  };
}

/** What became of the requests, in shares of what was scheduled: successes, and everything else by who said no. */
function outcomes(points: Points): Chart | undefined {
  const counted = points.map((point) => ({ point, counts: new Map([['ok', point.outcomes.ok], ...refusals(point)]) }));
  const refusing = [...new Set(counted.flatMap(({ counts }) => [...counts.keys()]))]
    .filter((name) => name !== 'ok')
    .sort();
  if (refusing.length === 0) return undefined;
  const pieces = ['ok', ...refusing].map((name, index) => {
    const value = ({ counts }: (typeof counted)[number]) => {
      const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
      return (100 * (counts.get(name) ?? 0)) / Math.max(1, all);
    };
    const color = index === 0 ? 2 : ([7, 1, 4, 3, 0, 6][(index - 1) % 6] ?? 0);
    return { name, color, value, text: (each: (typeof counted)[number]) => shareText(value(each), 100) };
  });
  return {
    ...over(points, 'band'),
    id: 'outcomes',
    title: 'Answers and refusals by place',
    summary: 'Share of successes per point, and of the requests that failed by the place that refused them.',
    y: { label: 'share of requests', scale: 'linear', tick: (value) => `${value} %`, domain: [0, 100] },
    series: stacked('bar', counted, pieces, ({ point }, x) => ({ x, hollow: !isSound(point) })),
  };
}
