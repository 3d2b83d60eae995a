import type { Distribution, PointSummary, StreamFigures, SweepReport } from '../../load/types.ts';
import { rateText, timeText } from '../text.ts';
import { isSound } from '../verdict.ts';
import type { Chart, Datum, Series } from './chart-types.ts';
import { againstRate, measured, number, offeredAxis, tickTime } from './point-axis.ts';

type Named = readonly [
  name: string,
  color: number,
  pick: (stream: StreamFigures) => Distribution | undefined,
  at: 'p50' | 'p99',
];

const LATENCIES: readonly Named[] = [
  ['TTFT p50', 0, ({ ttft }) => ttft, 'p50'],
  ['TTFT p99', 3, ({ ttft }) => ttft, 'p99'],
  ['TPOT p50', 2, ({ tpot }) => tpot, 'p50'],
  ['TPOT p99', 1, ({ tpot }) => tpot, 'p99'],
  ['ITL p99', 4, ({ itl }) => itl, 'p99'],
];

/** Where answers stream: when the first token came and how fast the others followed, and how many tokens in all. */
export function streamCharts(report: SweepReport): Chart[] {
  const points = measured(report).filter(({ stream }) => stream !== undefined);
  if (points.length === 0) return [];
  const series = LATENCIES.map(([name, color, pick, at]): Series => {
    const data = points.flatMap((point) =>
      datumOf(point, point.stream === undefined ? undefined : pick(point.stream), at),
    );
    return { name, color, kind: 'line', markers: true, data };
  });
  const tokens = points.map((point): Datum => {
    const value = point.stream?.outputTokensPerSecond ?? 0;
    return { x: point.rate, y: value, hollow: !isSound(point), text: `${rateText(value)}/s` };
  });
  return [
    {
      id: 'stream',
      title: 'Tokens of streamed answers against offered rate',
      summary:
        'Time to the first token (TTFT), time per output token after it (TPOT), time between reads that carried tokens (ITL).',
      note: 'Both axes are logarithmic. Bars: 95 % confidence intervals. ITL is per read: tokens that arrive together count once.',
      x: offeredAxis('log'),
      y: { label: 'time', scale: 'log', tick: tickTime },
      series: series.filter(({ data }) => data.length > 0),
      ...againstRate(report, points),
    },
    {
      id: 'tokens',
      title: 'Output tokens per second against offered rate',
      summary: `Output tokens per second over all answers. The most were ${rateText(Math.max(...tokens.map(({ y }) => y)))} per second.`,
      x: offeredAxis('linear'),
      y: { label: 'tokens per second', scale: 'linear', tick: number },
      series: [{ name: 'output tokens', kind: 'line', color: 0, markers: true, data: tokens }],
      ...againstRate(report, points),
    },
  ];
}

function datumOf(point: PointSummary, distribution: Distribution | undefined, at: 'p50' | 'p99'): Datum[] {
  if (distribution === undefined) return [];
  const [value, interval] = [distribution[at], distribution.ci[at]];
  const datum = { x: point.rate, y: value, hollow: !isSound(point), text: timeText(value) };
  return [interval === undefined ? datum : { ...datum, low: interval[0], high: interval[1] }];
}
