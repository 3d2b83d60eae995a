import { describe, expect, test } from 'vitest';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { countingPoints } from '../../../src/services/results/counting-points.ts';
import { diffText } from '../../../src/services/results/diff-text.ts';
import { columnsOf } from '../../../src/services/results/html/chart.ts';
import { pageOf } from '../../../src/services/results/html/page.ts';
import { pointCharts } from '../../../src/services/results/html/point-charts.ts';
import { markdownOf } from '../../../src/services/results/markdown.ts';
import { sweepText } from '../../../src/services/results/sweep-table.ts';
import { chartOf, diffReports, pointOf, recordedRun, reportOf } from './fixture.ts';

const point = (index: number, rate: number, change: Partial<PointSummary> = {}) =>
  pointOf(index, rate, { change: { refusedBy: { b: 1 }, ...change } });
const short = point(1, 40, { okRps: 40, servedRps: 11, durationSeconds: 5 });
const long = point(2, 40, { okRps: 30, servedRps: 25, durationSeconds: 80 });
const LINE = '40 rps: offered more than once; in charts and comparisons the last one counts';

describe('a rate that was offered more than once', () => {
  const again = reportOf([point(0, 10), short, long]);

  test('counts as it was the last time, unless only an earlier point is sound', () => {
    expect(countingPoints(again.points)).toEqual([again.points[0], long]);
    const broken = { ...long, status: 'interrupted' } as const;
    expect(countingPoints([short, broken])).toEqual([short]);
    expect(countingPoints([{ ...broken, index: 1 }, broken])).toEqual([broken]);
    expect(countingPoints([broken, { ...short, status: 'skipped', sent: 0 }])).toEqual([broken]);
  });

  test('stands once in every chart against the offered rate', () => {
    const charts = pointCharts(again);
    expect(charts.map(({ id }) => id)).toEqual(['throughput', 'latency', 'speedup', 'waterfall', 'outcomes']);
    for (const chart of charts) {
      expect(columnsOf(chart)).toHaveLength(2);
      for (const { data } of chart.series) {
        const xs = data.map(({ x }) => x);
        expect(xs).toEqual([...new Set(xs)]);
      }
    }
    const [served] = charts[0]?.series.filter(({ name }) => name === 'served') ?? [];
    expect(served?.data.at(-1)?.y).toBe(25);
  });

  test('an elastic profile offers a rate to another group each time: all its points count', () => {
    const elastic = { low: 10, high: 40, maxPoints: 9, group: 'b' };
    const report = { ...again, plan: { ...again.plan, elastic } };
    expect(chartOf(report, 'waterfall')?.series[0]?.data).toHaveLength(3);
  });

  test('every report says so once', () => {
    const run = { ...recordedRun(), report: again };
    for (const text of [sweepText(again, 120), markdownOf(run), pageOf(run, { css: '', script: '' })]) {
      expect(text.replaceAll(/<.?b>/g, '').split(LINE)).toHaveLength(2);
    }
    expect(sweepText(reportOf([point(0, 10), long]), 120)).not.toContain('more than once');
  });

  test('two runs are compared in the points that count', () => {
    const other = reportOf([point(0, 10), long]);
    for (const [a, b] of [
      [again, other],
      [other, again],
      [again, again],
    ] as const) {
      const diff = diffReports(a, b);
      expect(diff.points.map(({ rate, verdict }) => [rate, verdict])).toEqual([
        [10, 'no difference shown'],
        [40, 'no difference shown'],
      ]);
      expect(diffText(diff)).toContain('Offered more than once:\n  40 rps: the last point of each run is compared');
    }
    const none = diffReports(again, reportOf([point(0, 10)]));
    expect([none.onlyA, none.again]).toEqual([[40], []]);
    expect(diffText(diffReports(other, other))).not.toContain('more than once');
  });
});

test('the page names what the target served, not a backlog that it worked off later', () => {
  const late = reportOf([point(0, 1), point(1, 2, { okRps: 2, servedRps: 0.738 })]);
  const html = pageOf({ ...recordedRun(), report: late }, { css: '', script: '' });
  expect(html).toContain('<span>most served</span><strong>0.96/s</strong><span>at 1 rps offered</span>');
  expect(chartOf(late, 'throughput')?.summary).toContain('The most served were 0.96 per second at 1 offered.');
});
