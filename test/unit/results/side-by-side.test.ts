import { expect, test } from 'vitest';
import type { SeriesSample } from '../../../src/services/load/record/read-run.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { columnsOf } from '../../../src/services/results/html/chart.ts';
import { timeCharts } from '../../../src/services/results/html/time-charts.ts';
import { pointOf, recordedRun, reportOf } from './fixture.ts';

const point = (index: number, rate: number, second: number) =>
  pointOf(index, rate, {
    change: { startedAt: new Date(1_800_000_000_000 + second * 1000).toISOString(), hosts: { b: 1 } },
  });
const sample = (index: number, second: number, more: Partial<SeriesSample> = {}): SeriesSample => ({
  ...{ index, rate: index + 1, second, phase: 'measure', sent: 2, ok: 1, failed: 0, inFlight: 3, hosts: { b: 1 } },
  ...more,
});
const drain = (index: number, second: number) => sample(index, second, { phase: 'drain', sent: 0, p50: 900 });

/** What each second of points that follow each other without a pause is told of, by chart. */
function told(points: readonly PointSummary[], series: readonly SeriesSample[]) {
  const report = reportOf(points);
  const plan = { ...report.plan, elastic: { low: 1, high: 2, maxPoints: 2, group: 'b' } };
  const charts = timeCharts({ ...recordedRun(), report: { ...report, plan }, series });
  return Object.fromEntries(charts.map((chart) => [chart.id, columnsOf(chart).map((c) => [c.name, ...c.cells])]));
}

test('what a point still gets answered is counted in the seconds of the one that is offered', () => {
  const points = [point(0, 1, 0), point(1, 2, 2.3)];
  const series = [sample(0, 0), sample(0, 1), drain(0, 2), drain(0, 3), sample(1, 0, { p50: 100 }), drain(1, 1)];
  expect(told(points, series)).toEqual({
    rates: [
      ['0:00, 1 rps, window', '1.00/s', '2.00/s', '1.00/s', '0/s'],
      ['0:01, 1 rps, window', '1.00/s', '2.00/s', '1.00/s', '0/s'],
      // From 2.0 to 3.0 s, while the second point was offered from 2.3 s on.
      ['0:02, 2 rps, window', '2.00/s', '2.00/s', '2.00/s', '0/s'],
      ['0:03, 2 rps, drain', '', '0/s', '2.00/s', '0/s'],
    ],
    'in-flight': [
      ['0:00, 1 rps, window', '3'],
      ['0:01, 1 rps, window', '3'],
      ['0:02, 2 rps, window', '6'],
      ['0:03, 2 rps, drain', '6'],
    ],
    'response-over-time': [
      ['0:02, 2 rps, window', '900 ms'],
      ['0:03, 2 rps, drain', '900 ms'],
    ],
    hosts: [
      ['0:00, 1 rps, window', '100.0 % (1)'],
      ['0:01, 1 rps, window', '100.0 % (1)'],
      ['0:02, 2 rps, window', '100.0 % (2)'],
      ['0:03, 2 rps, drain', '100.0 % (2)'],
    ],
  });
});

test('seconds without a point that was offered stay its own', () => {
  const series = [sample(0, 0), drain(0, 1), sample(1, 0)];
  expect(told([point(0, 1, 0), point(1, 2, 60)], series).rates?.map(([name]) => name)).toEqual([
    ...['0:00, 1 rps, window', '0:01, 1 rps, drain', '1:00, 2 rps, window'],
  ]);
});
