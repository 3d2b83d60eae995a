import { describe, expect, test } from 'vitest';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { bottleneckLines } from '../../../src/services/results/bottleneck.ts';
import type { Chart } from '../../../src/services/results/html/chart.ts';
import { pageOf } from '../../../src/services/results/html/page.ts';
import { markdownOf } from '../../../src/services/results/markdown.ts';
import { type PointColumn, pointCell } from '../../../src/services/results/point-columns.ts';
import { conclusionLines } from '../../../src/services/results/sweep-sections.ts';
import { sweepText } from '../../../src/services/results/sweep-table.ts';
import { remarksOf } from '../../../src/services/results/verdict.ts';
import { chartOf, distribution, pointOf, recordedRun, reportOf, toldPoint } from './fixture.ts';

const page = { css: '', script: '' };
const none = { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 };

/** A point of so many requests that all succeeded. */
const few = (count: number, rate = 0.05, change: Partial<PointSummary> = {}) =>
  pointOf(0, rate, {
    change: {
      ...{ sent: count, scheduled: count, sentRps: 0.2, okRps: 0.2, servedRps: 0.2, outcomes: { ...none, ok: count } },
      ...{ response: distribution(5000, count), ...change },
    },
  });

describe('a point of few requests', () => {
  const cells = (point: PointSummary, ...columns: PointColumn[]) =>
    columns.map((column) => pointCell(point, column, (ms) => (ms === undefined ? '-' : 'ms')));

  test('has no rate at which it was served, and no percentile that a lower one is already', () => {
    const columns = ['sent/s', 'served/s', 'p50', 'p90', 'p95', 'p99'] as const;
    expect(cells(few(1), ...columns)).toEqual(['0.2', '-', '~ms', '-', '-', '-']);
    expect(cells(few(2), ...columns)).toEqual(['0.2', '-', '~ms', '~ms', '~ms', '-']);
    expect(cells(few(3), ...columns)).toEqual(['0.2', '0.2', '~ms', '~ms', '~ms', '-']);
    expect(cells(few(10), ...columns)).toEqual(['0.2', '0.2', 'ms', '~ms', '~ms', '~ms']);
  });

  test('of which nothing succeeded served nothing', () => {
    expect(cells(few(1, 0.05, { outcomes: { ...none, timeout: 1 }, servedRps: 0 }), 'served/s')).toEqual(['0']);
  });

  test('sets no mark in charts either: no best, no base of a speed-up, no percentile', () => {
    const report = reportOf([few(1), pointOf(1, 0.4), pointOf(2, 0.8)]);
    const throughput = chartOf(report, 'throughput');
    const xs = (chart: Chart | undefined, series: string) =>
      chart?.series.find(({ name }) => name === series)?.data.map(({ x }) => x);
    expect(xs(throughput, 'served')).toEqual([0.4, 0.8]);
    expect(xs(throughput, 'ok')).toEqual([0.05, 0.4, 0.8]);
    expect(chartOf(report, 'speedup')?.title).toBe('Speed-up against 0.4 rps');
    const latency = chartOf(report, 'latency');
    expect([xs(latency, 'p50'), xs(latency, 'p90')]).toEqual([
      [0.05, 0.4, 0.8],
      [0.4, 0.8],
    ]);
    const html = pageOf({ ...recordedRun(), report: reportOf([few(1)]) }, page);
    expect(html).toContain('<span>most served</span><strong>-</strong>');
    expect(chartOf(reportOf([few(1)]), 'throughput')?.summary).not.toContain('most');
  });

  test('is told in the singular', () => {
    const failed = few(1, 0.05, { outcomes: { ...none, timeout: 1 }, errorsByClass: { timeout: 1 } });
    expect(remarksOf(failed)).toContain('failed: the only request ended with timeout');
    const { waterfall: _, ...lost } = failed;
    expect(bottleneckLines([toldPoint(1, 0.01, 0), lost])).toContain(
      'At 0.05 rps the only request did not succeed: where the time went is not known.',
    );
    const state = { state: 'unknown', reason: 'few' } as const;
    const one = toldPoint(1, 0.01, 0, { state });
    const waterfall = { ...one.waterfall, count: 1 } as PointSummary['waterfall'] & object;
    expect(bottleneckLines([{ ...one, waterfall }])[0]).toContain('1 answer took 8.27 s on average');
  });
});

describe('points of different lengths', () => {
  const points = [pointOf(0, 10), pointOf(1, 40), pointOf(2, 40, { change: { durationSeconds: 82.5 } })];

  test('show them in every table, and points of one length do not', () => {
    const run = (own: readonly PointSummary[]) => ({ ...recordedRun(), report: reportOf(own) });
    for (const of of [
      (own: readonly PointSummary[]) => markdownOf(run(own)),
      (own: readonly PointSummary[]) => pageOf(run(own), page),
    ]) {
      expect(of(points)).toMatch(/window s/);
      expect(of(points)).toMatch(/82\.5/);
      expect(of(points.slice(0, 2))).not.toContain('window s');
    }
    expect(pageOf(run(points), page)).toContain('>3 of 10.0 s to 1m 23s, ');
    expect(pageOf(run(points.slice(0, 2)), page)).toContain('>2 of 10.0 s each, ');
    const text = sweepText(reportOf(points), 80);
    expect(text).toMatch(/^ *rps window s /m);
    expect(text).toMatch(/^ +40 +82\.5 /m);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(sweepText(reportOf(points.slice(0, 2)), 80)).not.toContain('window s');
  });
});

describe('the advice of a longer point', () => {
  const reason = 'only 4 requests sent; --duration 420s would show more';
  const state = { state: 'unknown', reason, suggestedDurationSeconds: 420 } as const;
  const open = (index: number, rate: number) => pointOf(index, rate, { change: { state } });

  test('is left out below a knee, and where the rate was offered again', () => {
    const below = reportOf([open(0, 1), pointOf(1, 2), open(2, 4)], { knee: { rate: 2, index: 1 } });
    const again = reportOf([open(0, 1), pointOf(1, 1)], { knee: { rate: 1, index: 1 } });
    const texts = (report: typeof below) => [
      sweepText(report, 200),
      markdownOf({ ...recordedRun(), report }),
      pageOf({ ...recordedRun(), report }, page),
    ];
    for (const text of texts(below)) expect(text.match(/--duration 420s/g)).toHaveLength(1);
    for (const text of texts(again)) expect(text).not.toContain('--duration 420s');
    expect(sweepText(below, 200)).toMatch(/^ +1 rps: undecided: only 4 requests sent$/m);
  });
});

describe('a lowest rate that is too high already', () => {
  const overloaded = { state: { state: 'overloaded', reason: 'in flight grew' }, servedRps: 0.9 } as const;
  const lines = (change: Partial<PointSummary>) => conclusionLines(reportOf([pointOf(0, 500, { change })])).slice(0, 2);

  test('says which ones to try', () => {
    expect(lines(overloaded)).toEqual([
      'Knee: no point was sustained.',
      'The lowest rate was too high already: --rps 0.5,500 --find-knee searches below it.',
    ]);
    const { waterfall: _, ...unanswered } = pointOf(0, 2, {
      change: { outcomes: { ...none, timeout: 20 }, servedRps: 0, state: { state: 'unknown', reason: 'none' } },
    });
    expect(conclusionLines(reportOf([unanswered]))).toContain(
      'The lowest rate was too high already: --rps 0.2,2 --find-knee searches below it.',
    );
  });

  test('but not where one request alone does not end in time either', () => {
    const unanswered = { servedRps: 0, state: { state: 'unknown', reason: 'none' } } as const;
    const late = pointOf(0, 2, { change: { ...unanswered, outcomes: { ...none, timeout: 20 }, peakInFlight: 9 } });
    const said = (point: PointSummary, plan: object) => {
      const report = reportOf([point]);
      return conclusionLines({ ...report, plan: { ...report.plan, ...plan } }).join(' ');
    };
    expect(said(late, { probeFailure: 'no answer within 180 s' })).toMatch(
      /One request alone failed already \(no answer within 180 s\): a lower rate does not mend that, a --timeout longer than 3m/,
    );
    expect(said({ ...late, peakInFlight: 1 }, {})).toContain('Each request had the target for itself');
    const open = pointOf(0, 2, { change: { ...overloaded, outcomes: { ...none, ok: 2, incomplete: 18 } } });
    expect(said(open, { probeMs: 15_000, drainSeconds: 1 })).toContain(
      'a longer --drain, not a lower rate, shows more',
    );
    for (const [point, plan] of [
      [late, {}],
      [late, { probeMs: 300 }],
      [open, { probeMs: 300 }],
    ] as const) {
      expect(said(point, plan)).toContain('--find-knee searches below it');
    }
  });

  test('but not of a target that refuses everything, nor where there is a knee', () => {
    const refused = { outcomes: { ...none, http_error: 5000 }, state: { state: 'unknown', reason: 'none' } } as const;
    expect(lines(refused)).toEqual(['Knee: no point was sustained.']);
    const sustained = reportOf([pointOf(0, 1), pointOf(1, 500)], { knee: { rate: 1, index: 0, above: 500 } });
    expect(conclusionLines(sustained).join()).not.toContain('too high');
  });
});
