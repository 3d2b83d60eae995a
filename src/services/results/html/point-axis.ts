import type { PointSummary, SweepReport } from '../../load/types.ts';
import { countingOf } from '../counting-points.ts';
import { isSound, verdictOf, wasMeasured } from '../verdict.ts';
import type { Axis } from './chart-types.ts';

export const number = (value: number) =>
  value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : String(value);

export const OFFERED = 'offered, requests per second';

export function offeredAxis(scale: 'linear' | 'log'): Axis {
  return { label: OFFERED, scale, tick: number };
}

/** What is the same for all charts against the offered rate. */
export function againstRate({ knee }: SweepReport, points: readonly PointSummary[]) {
  const byRate = new Map(points.map((point) => [point.rate, point]));
  return {
    marks: knee === undefined ? [] : [{ x: knee.rate, label: `knee ${knee.rate}` }],
    flags: points.filter((point) => !isSound(point)).map((point) => ({ x: point.rate, label: verdictOf(point) })),
    columnName: (x: number) => {
      const point = byRate.get(x);
      return `${x} rps${point === undefined ? '' : `, ${verdictOf(point)}`}`;
    },
  };
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
