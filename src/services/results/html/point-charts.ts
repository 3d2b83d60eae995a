import type { PointSummary, SweepReport } from '../../load/types.ts';
import { isServed, percentileOf } from '../few-answers.ts';
import { rateText, refusals, shareText, timeText } from '../text.ts';
import { isSound, verdictOf } from '../verdict.ts';
import { type Part, partsOf, waterfallTotal } from '../waterfall-parts.ts';
import type { Chart, Datum, Series } from './chart-types.ts';
import { againstRate, measured, number, OFFERED, rateLine, tickTime } from './point-axis.ts';

const perSecond = (value: number) => `${rateText(value)}/s`;

/** Throughput against offered, with the line of a target that keeps up with everything. */
export function throughputChart(report: SweepReport): Chart[] {
  const points = measured(report);
  if (points.length === 0) return [];
  const line = (name: string, color: number, value: (point: PointSummary) => number) =>
    rateLine(points, [name, color], (point) => ({ value: value(point) }), perSecond);
  const served = rateLine(
    points,
    ['served', 1],
    (point) => (isServed(point) ? { value: point.servedRps } : undefined),
    perSecond,
  );
  const best = served.data.toSorted((a, b) => b.y - a.y)[0];
  const most = best === undefined ? '' : ` The most served were ${rateText(best.y)} per second at ${best.x} offered.`;
  const ideal: Series = { ...line('ideal', 6, ({ rate }) => rate), dashed: true, markers: false };
  return [
    againstRate(report, points, 'linear', {
      id: 'throughput',
      title: 'Throughput against offered rate',
      summary: `Successful answers per second against the offered rate.${most}`,
      note: 'ok: successes per second of the point. served: successes until the last answer, which shows a backlog that was worked off after the window.',
      y: { label: 'answers per second', scale: 'linear', tick: number },
      series: [ideal, line('sent', 4, ({ sentRps }) => sentRps), line('ok', 2, ({ okRps }) => okRps), served],
    }),
  ];
}

/** Response time percentiles against offered, both axes logarithmic, with the 95 % intervals that the sample allows. */
export function latencyChart(report: SweepReport): Chart[] {
  const points = measured(report).filter(({ response }) => response !== undefined);
  const series = (['p50', 'p90', 'p95', 'p99'] as const).map((name, color) => {
    const figure = (point: PointSummary) => {
      const value = percentileOf(point, name);
      return value === undefined ? undefined : { value, ci: point.response?.ci[name] };
    };
    return rateLine(points, [name, color], figure, timeText);
  });
  const median = (point: PointSummary | undefined) =>
    `${timeText(point?.response?.p50 ?? 0)} at ${point?.rate} requests per second`;
  if (points.length === 0) return [];
  return [
    againstRate(report, points, 'log', {
      id: 'latency',
      title: 'Response time against offered rate',
      summary: `Percentiles of the response time of successes, from the intended time of each request. The median goes from ${median(points[0])} to ${median(points.at(-1))}.`,
      note: 'Both axes are logarithmic. Bars: 95 % confidence intervals, where the sample is large enough for one.',
      y: { label: 'response time', scale: 'log', tick: tickTime },
      series,
    }),
  ];
}

/** How much more the target got done than at the lowest rate, against how much more it was offered. */
export function speedupChart(report: SweepReport): Chart[] {
  const points = measured(report);
  const base = points.find((point) => isSound(point) && isServed(point) && point.servedRps > 0);
  if (base === undefined || points.length < 2) return [];
  const times = (value: number) => `${Number(value.toPrecision(3))} x`;
  const above = points.filter(({ rate, servedRps }) => rate >= base.rate && servedRps > 0);
  const line = (name: string, color: number, value: (point: PointSummary) => number) =>
    rateLine(above, [name, color], (point) => ({ value: value(point) }), times);
  const served = line('served', 0, ({ servedRps }) => servedRps / base.servedRps);
  const ideal: Series = { ...line('ideal', 6, ({ rate }) => rate / base.rate), dashed: true, markers: false };
  return [
    againstRate(report, above, 'log', {
      id: 'speedup',
      title: `Speed-up against ${base.rate} rps`,
      summary: `Answers served per second relative to the lowest sound rate, ${base.rate}. The highest is ${times(Math.max(...served.data.map(({ y }) => y)))}.`,
      note: 'Both axes are logarithmic. Ideal: the target gets as many times more done as it is offered.',
      y: { label: 'times', scale: 'log', tick: number },
      series: [ideal, served],
    }),
  ];
}

/** Where answers stream: when the first token came and how fast the others followed, and how many tokens in all. */
export function streamCharts(report: SweepReport): Chart[] {
  const points = measured(report).filter(({ stream }) => stream !== undefined);
  if (points.length === 0) return [];
  const line = (name: string, color: number, part: 'ttft' | 'tpot' | 'itl', at: 'p50' | 'p99') => {
    const figure = ({ stream }: PointSummary) => {
      const times = stream?.[part];
      return times === undefined ? undefined : { value: times[at], ci: times.ci[at] };
    };
    return rateLine(points, [name, color], figure, timeText);
  };
  const series = [
    line('TTFT p50', 0, 'ttft', 'p50'),
    line('TTFT p99', 3, 'ttft', 'p99'),
    line('TPOT p50', 2, 'tpot', 'p50'),
    line('TPOT p99', 1, 'tpot', 'p99'),
    line('ITL p99', 4, 'itl', 'p99'),
  ];
  const tokensOf = ({ stream }: PointSummary) => ({ value: stream?.outputTokensPerSecond ?? 0 });
  const tokens = rateLine(points, ['output tokens', 0], tokensOf, perSecond);
  return [
    againstRate(report, points, 'log', {
      id: 'stream',
      title: 'Tokens of streamed answers against offered rate',
      summary:
        'Time to the first token (TTFT), time per output token after it (TPOT), time between reads that carried tokens (ITL).',
      note: 'Both axes are logarithmic. Bars: 95 % confidence intervals. ITL is per read: tokens that arrive together count once.',
      y: { label: 'time', scale: 'log', tick: tickTime },
      series: series.filter(({ data }) => data.length > 0),
    }),
    againstRate(report, points, 'linear', {
      id: 'tokens',
      title: 'Output tokens per second against offered rate',
      summary: `Output tokens per second over all answers. The most were ${rateText(Math.max(...tokens.data.map(({ y }) => y)))} per second.`,
      y: { label: 'tokens per second', scale: 'linear', tick: number },
      series: [tokens],
    }),
  ];
}

/** Where the mean response time went, one stack per point. */
export function waterfallChart(report: SweepReport): Chart[] {
  const points = measured(report).filter(({ waterfall }) => waterfall !== undefined);
  if (points.length === 0) return [];
  const parts = partsOf(points.flatMap(({ waterfall }) => waterfall ?? []));
  const total = (point: PointSummary | undefined) =>
    point?.waterfall === undefined ? 0 : waterfallTotal(point.waterfall);
  return [
    {
      id: 'waterfall',
      title: 'Where the mean response time went',
      summary: `Mean response time by hop, one stack per point: ${parts.map(({ name }) => name).join(', ')}. In all ${timeText(total(points[0]))} at ${points[0]?.rate} and ${timeText(total(points.at(-1)))} at ${points.at(-1)?.rate} requests per second.`,
      note: 'Successes that carried all figures. Network: what no service accounts for, between client, A, B and their engines, with proxies and load balancers.',
      ...perPoint(points),
      y: { label: 'mean response time', scale: 'linear', tick: tickTime },
      series: stacked(points, parts.map(pieceOf), timeText),
    },
  ];
}

/** With what a model did meanwhile, where its engine tells. */
function pieceOf({ name, color, of, work }: Part): Piece {
  return {
    ...{ name, color },
    value: ({ waterfall }) => (waterfall === undefined ? 0 : (of(waterfall) ?? 0)),
    more({ waterfall }) {
      const did = waterfall === undefined ? undefined : work?.(waterfall);
      if (did === undefined) return '';
      return ` (load ${timeText(did.load)}, prompt ${timeText(did.prompt)}, generation ${timeText(did.generation)})`;
    },
  };
}

/** What became of the requests, in shares of what was scheduled: successes, and everything else by who said no. */
export function outcomeChart(report: SweepReport): Chart[] {
  const points = measured(report);
  const refused = new Map(points.map((point) => [point, new Map(refusals(point))]));
  const refusing = [...new Set([...refused.values()].flatMap((counts) => [...counts.keys()]))].sort();
  if (refusing.length === 0) return [];
  const pieces = [
    { name: 'ok', color: 2, value: (point: PointSummary) => point.outcomes.ok },
    ...refusing.map((name, index) => ({
      name,
      color: [7, 1, 4, 3, 0, 6][index % 6] as number,
      value: (point: PointSummary) => refused.get(point)?.get(name) ?? 0,
    })),
  ];
  const all = (point: PointSummary) => pieces.reduce((sum, { value }) => sum + value(point), 0);
  const shares = pieces.map(({ value, ...piece }) => ({
    ...piece,
    value: (point: PointSummary) => (100 * value(point)) / Math.max(1, all(point)),
  }));
  return [
    {
      id: 'outcomes',
      title: 'Answers and refusals by place',
      summary: 'Share of successes per point, and of the requests that failed by the place that refused them.',
      ...perPoint(points),
      y: { label: 'share of requests', scale: 'linear', tick: (value) => `${value} %`, domain: [0, 100] },
      series: stacked(points, shares, (share) => shareText(share, 100)),
    },
  ];
}

/** A place per point, whatever its rate. */
function perPoint(points: readonly PointSummary[]) {
  return {
    x: { label: OFFERED, scale: 'band', tick: (place: number) => number(points[place]?.rate ?? 0) } as const,
    columnName: (place: number) => {
      const point = points[place];
      return point === undefined ? '' : `${point.rate} rps, ${verdictOf(point)}`;
    },
    flags: points.flatMap((point, x) => (isSound(point) ? [] : [{ x, label: verdictOf(point) }])),
  };
}

interface Piece {
  readonly name: string;
  readonly color: number;
  value(point: PointSummary): number;
  /** What the text of a place says beyond the value. */
  more?(point: PointSummary): string;
}

function stacked(points: readonly PointSummary[], pieces: readonly Piece[], text: (value: number) => string) {
  const bases = points.map(() => 0);
  return pieces.map(({ name, color, value, more }) => ({
    ...({ name, color, kind: 'bar' } as const),
    data: points.map((point, x): Datum => {
      const base = bases[x] ?? 0;
      const height = Math.max(0, value(point));
      bases[x] = base + height;
      return { x, y: base + height, base, hollow: !isSound(point), text: text(value(point)) + (more?.(point) ?? '') };
    }),
  }));
}
