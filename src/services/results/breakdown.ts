import type { PointSummary, Waterfall } from '../load/types.ts';
import { plainTable, section } from './plain-table.ts';
import { refusers, timeColumn } from './text.ts';

/** Parts of the mean response time in the order in which a request meets them. */
export const HOPS: readonly (readonly [part: keyof Omit<Waterfall, 'count'>, name: string])[] = [
  ['clientWait', 'client wait'],
  ['a', 'A'],
  ['network', 'network'],
  ['bModel', 'B model'],
  ['bWait', 'B wait'],
];

/** The parts of a waterfall add up to the mean response time of the answers that carried all the figures. */
export function waterfallTotal(waterfall: Waterfall): number {
  return HOPS.reduce((sum, [part]) => sum + waterfall[part], 0);
}

/** Where the time went, who refused, and what streamed answers did; each only where the run knows it. */
export function breakdownSections(points: readonly PointSummary[], columns: number): string[] {
  return [
    ...waterfallSection(points),
    ...section(
      'Refused or failed at',
      points.flatMap((point) => {
        const text = refusers(point);
        return text === '' ? [] : [`${point.rate} rps: ${text}`];
      }),
      columns,
    ),
    ...streamSection(points),
  ];
}

function waterfallSection(points: readonly PointSummary[]): string[] {
  const known = points.flatMap(({ rate, waterfall }) => (waterfall === undefined ? [] : [{ rate, waterfall }]));
  if (known.length === 0) return [];
  const time = timeColumn(known.map(({ waterfall }) => waterfallTotal(waterfall)));
  const text = plainTable(
    ['rps', ...HOPS.map(([, name]) => name), 'sum', 'answers'],
    known.map(({ rate, waterfall }) => [
      String(rate),
      ...HOPS.map(([part]) => time.text(waterfall[part])),
      time.text(waterfallTotal(waterfall)),
      String(waterfall.count),
    ]),
  );
  return section(`Where the mean response time went, ${time.unit}`, text.split('\n'));
}

function streamSection(points: readonly PointSummary[]): string[] {
  const known = points.flatMap(({ rate, stream }) => (stream === undefined ? [] : [{ rate, stream }]));
  if (known.length === 0) return [];
  const time = timeColumn(known.map(({ stream }) => stream.ttft.p99));
  const text = plainTable(
    ['rps', 'ttft p50', 'ttft p99', 'itl p50', 'itl p99', 'tpot p50', 'tpot p99', 'tokens/s'],
    known.map(({ rate, stream: { ttft, itl, tpot, outputTokensPerSecond } }) => [
      String(rate),
      ...[ttft.p50, ttft.p99, itl?.p50, itl?.p99, tpot?.p50, tpot?.p99].map((value) => time.text(value)),
      outputTokensPerSecond.toFixed(1),
    ]),
  );
  return section(`Streamed answers, ${time.unit}`, text.split('\n'));
}
