import type { PointSummary, SweepReport } from '../../load/types.ts';
import { isServed, percentileOf } from '../few-answers.ts';
import { rateText, refusals, shareText, timeText } from '../text.ts';
import { isSound, verdictOf } from '../verdict.ts';
import { type Part, partsOf, waterfallTotal } from '../waterfall-parts.ts';
import type { Chart, Datum } from './chart-types.ts';
import { againstRate, measured, number, OFFERED, offeredAxis, tickTime } from './point-axis.ts';

/** Throughput against offered, with the line of a target that keeps up with everything. */
export function throughputChart(report: SweepReport): Chart[] {
  const points = measured(report);
  if (points.length === 0) return [];
  const per = (value: (point: PointSummary) => number): Datum[] =>
    points.map((point) => ({
      x: point.rate,
      y: value(point),
      hollow: !isSound(point),
      text: `${rateText(value(point))}/s`,
    }));
  const served = per(({ servedRps }) => servedRps).filter((_, index) => isServed(points[index]));
  const best = served.reduce<Datum | undefined>((most, each) => (each.y > (most?.y ?? -1) ? each : most), undefined);
  const most = best === undefined ? '' : ` The most served were ${rateText(best.y)} per second at ${best.x} offered.`;
  return [
    {
      id: 'throughput',
      title: 'Throughput against offered rate',
      summary: `Successful answers per second against the offered rate.${most}`,
      note: 'ok: successes per second of the point. served: successes until the last answer, which shows a backlog that was worked off after the window.',
      x: offeredAxis('linear'),
      y: { label: 'answers per second', scale: 'linear', tick: number },
      series: [
        {
          name: 'ideal',
          kind: 'line',
          color: 6,
          dashed: true,
          data: [{ x: 0, y: 0, text: '0/s' }, ...per(({ rate }) => rate)].filter(
            ({ x }) => x > 0 || points.length === 1,
          ),
        },
        { name: 'sent', kind: 'line', color: 4, markers: true, data: per(({ sentRps }) => sentRps) },
        { name: 'ok', kind: 'line', color: 2, markers: true, data: per(({ okRps }) => okRps) },
        { name: 'served', kind: 'line', color: 1, markers: true, data: served },
      ],
      ...againstRate(report, points),
    },
  ];
}

/** Response time percentiles against offered, both axes logarithmic, with the 95 % intervals that the sample allows. */
export function latencyChart(report: SweepReport): Chart[] {
  const points = measured(report).filter(({ response }) => response !== undefined);
  if (points.length === 0) return [];
  const names = ['p50', 'p90', 'p95', 'p99'] as const;
  const series = names.map((name, color) => ({
    ...({ name, kind: 'line', color, markers: true } as const),
    data: points.flatMap((point): Datum[] => {
      const { response } = point;
      const value = percentileOf(point, name);
      if (response === undefined || value === undefined) return [];
      const interval = response.ci[name];
      const bounds = interval === undefined ? '' : ` (${timeText(interval[0])} to ${timeText(interval[1])})`;
      return [
        {
          ...{
            x: point.rate,
            y: value,
            hollow: !isSound(point),
            text: `${timeText(value)}${bounds}`,
          },
          ...(interval === undefined ? {} : { low: interval[0], high: interval[1] }),
        },
      ];
    }),
  }));
  const [first, last] = [points[0], points.at(-1)];
  return [
    {
      id: 'latency',
      title: 'Response time against offered rate',
      summary: `Percentiles of the response time of successes, from the intended time of each request. The median goes from ${timeText(first?.response?.p50 ?? 0)} at ${first?.rate} to ${timeText(last?.response?.p50 ?? 0)} at ${last?.rate} requests per second.`,
      note: 'Both axes are logarithmic. Bars: 95 % confidence intervals, where the sample is large enough for one.',
      x: offeredAxis('log'),
      y: { label: 'response time', scale: 'log', tick: tickTime },
      series,
      ...againstRate(report, points),
    },
  ];
}

/** How much more the target got done than at the lowest rate, against how much more it was offered. */
export function speedupChart(report: SweepReport): Chart[] {
  const points = measured(report);
  const base = points.find((point) => isSound(point) && isServed(point) && point.servedRps > 0);
  if (base === undefined || points.length < 2) return [];
  const times = (value: number) => `${Number(value.toPrecision(3))} x`;
  const above = points.filter(({ rate, servedRps }) => rate >= base.rate && servedRps > 0);
  const per = (value: (point: PointSummary) => number): Datum[] =>
    above.map((point) => ({ x: point.rate, y: value(point), hollow: !isSound(point), text: times(value(point)) }));
  const served = per(({ servedRps }) => servedRps / base.servedRps);
  return [
    {
      id: 'speedup',
      title: `Speed-up against ${base.rate} rps`,
      summary: `Answers served per second relative to the lowest sound rate, ${base.rate}. The highest is ${times(Math.max(...served.map(({ y }) => y)))}.`,
      note: 'Both axes are logarithmic. Ideal: the target gets as many times more done as it is offered.',
      x: offeredAxis('log'),
      y: { label: 'times', scale: 'log', tick: number },
      series: [
        { name: 'ideal', kind: 'line', color: 6, dashed: true, data: per(({ rate }) => rate / base.rate) },
        { name: 'served', kind: 'line', color: 0, markers: true, data: served },
      ],
      ...againstRate(report, above),
    },
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
      title: 'Who answered and who refused',
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
