import type { Interval, PointSummary, SweepReport } from '../../load/types.ts';
import { countingOf } from '../counting-points.ts';
import { isSound, verdictOf, wasMeasured } from '../verdict.ts';
import type { Chart, Series } from './chart-types.ts';

export const number = (value: number) =>
  value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : String(value);

export const OFFERED = 'offered, requests per second';

/** A chart against the offered rate, with the knee and the points that are not sound. */
export function againstRate(
  { knee }: SweepReport,
  points: readonly PointSummary[],
  scale: 'linear' | 'log',
  chart: Omit<Chart, 'x' | 'columnName' | 'marks' | 'flags'>,
): Chart {
  const byRate = new Map(points.map((point) => [point.rate, point]));
  return {
    ...chart,
    x: { label: OFFERED, scale, tick: number },
    marks: knee === undefined ? [] : [{ x: knee.rate, label: `knee ${knee.rate}` }],
    flags: points.filter((point) => !isSound(point)).map((point) => ({ x: point.rate, label: verdictOf(point) })),
    columnName(x) {
      const point = byRate.get(x);
      return `${x} rps${point === undefined ? '' : `, ${verdictOf(point)}`}`;
    },
  };
}

/** A figure of a point; nothing where it has none. */
type Figure = { readonly value: number; readonly ci?: Interval | undefined } | undefined;

/** A line over the offered rate, with the 95 % intervals that the figures have. */
export function rateLine(
  points: readonly PointSummary[],
  [name, color]: readonly [name: string, color: number],
  figure: (point: PointSummary) => Figure,
  text: (value: number) => string,
): Series {
  const data = points.flatMap((point) => {
    const known = figure(point);
    if (known === undefined) return [];
    const { value, ci } = known;
    const datum = { x: point.rate, y: value, hollow: !isSound(point), text: text(value) };
    if (ci === undefined) return [datum];
    const [low, high] = ci;
    return [{ ...datum, low, high, text: `${datum.text} (${text(low)} to ${text(high)})` }];
  });
  return { name, kind: 'line', color, markers: true, data };
}

/**
 * Points of a run that were measured, by rising rate: a ladder may be offered in any order. Of a rate that was offered
 * more than once, the point that counts.
 */
export function measured(report: SweepReport): PointSummary[] {
  return countingOf(report)
    .filter(wasMeasured)
    .sort((a, b) => a.rate - b.rate);
}

/** Tick of a time axis, from milliseconds. */
export function tickTime(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}
