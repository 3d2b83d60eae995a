import { describe, expect, test } from 'vitest';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { bottleneckLines } from '../../../src/services/results/bottleneck.ts';
import { diffText } from '../../../src/services/results/diff-text.ts';
import { columnsOf } from '../../../src/services/results/html/chart.ts';
import { pageOf } from '../../../src/services/results/html/page.ts';
import { kneeLine } from '../../../src/services/results/knee-line.ts';
import { markdownOf } from '../../../src/services/results/markdown.ts';
import { sloJunit } from '../../../src/services/results/slo-junit.ts';
import { remarkLines } from '../../../src/services/results/sweep-sections.ts';
import { sweepText } from '../../../src/services/results/sweep-table.ts';
import { remarksOf, verdictOf } from '../../../src/services/results/verdict.ts';
import { chartOf, diffReports, pointOf, recordedRun, reportOf, toldPoint } from './fixture.ts';

const told = reportOf([toldPoint(0, 0.05, 50), toldPoint(1, 0.15, 45_000)]);

describe('where the time went, where engines tell it', () => {
  test('the terminal: every part has its name, within 80 columns', () => {
    const text = sweepText(told, 80);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text.slice(text.indexOf('The queue'), text.indexOf('Answers by host'))).toMatchInlineSnapshot(`
      "The queue is full: from 0.05 to 0.15 rps the mean response time rose from 8.32 s
        to 53.3 s, and 45.0 s of the rise is waiting (B's engine queue and rest 45.0
        s). Where A and B share an engine or a machine, that works nearly all the time
        (0.135/s x 8.10 s) and is the limit: a faster one, a smaller model or shorter
        answers help, more slots or instances there do not.
      At 0.05 rps, with the least load, the models work 8.10 s of 8.32 s (A's model
        2.90 s: load 100 ms, prompt 800 ms, generation 2.00 s; B's model 5.20 s: load
        200 ms, prompt 1.50 s, generation 3.50 s).

      Totals, and response times of successes in milliseconds:
         rps seconds sent    min   mean    max
        0.05      10   10 2601.0 5722.3 9884.0
        0.15      10   10 2601.0 5722.3 9884.0
         all      20   20

      Where the mean response time went, seconds:
             client   A's    A's   A's           B's    B's   B's     B's
         rps   wait queue engine model network queue engine model minimum   sum
        0.05   0.00  0.12   0.01  2.90    0.04  0.00   0.05  5.20    0.00  8.32
        0.15   0.00  0.12   0.01  2.90    0.04  0.00  45.00  5.20    0.00 53.27

      What the models did in their time, seconds:
         rps A load prompt generation model B load prompt generation model
        0.05   0.10   0.80       2.00  2.90   0.20   1.50       3.50  5.20
        0.15   0.10   0.80       2.00  2.90   0.20   1.50       3.50  5.20

      "
    `);
  });

  test('Markdown has the same parts', () => {
    const text = markdownOf({ ...recordedRun(), report: told });
    expect(text.split('\n').filter((line) => /queue|generation|^\| 0\.15 \|/.test(line))).toMatchInlineSnapshot(`
      [
        "- The queue is full: from 0.05 to 0.15 rps the mean response time rose from 8.32 s to 53.3 s, and 45.0 s of the rise is waiting (B's engine queue and rest 45.0 s). Where A and B share an engine or a machine, that works nearly all the time (0.135/s x 8.10 s) and is the limit: a faster one, a smaller model or shorter answers help, more slots or instances there do not.",
        "- At 0.05 rps, with the least load, the models work 8.10 s of 8.32 s (A's model 2.90 s: load 100 ms, prompt 800 ms, generation 2.00 s; B's model 5.20 s: load 200 ms, prompt 1.50 s, generation 3.50 s).",
        "| 0.15 | steady | 0.15 | 0.15 | 0.135 | 10 | 0 | 5202.1 | ~5982.4 | ~6762.7 | ~8713.5 | - | - |",
        "| 0.15 | 10 | 10 | 2601.0 | 5722.3 | 9884.0 |",
        "| rps | client wait | A's queue | A's engine queue and rest | A's model | network | B's queue | B's engine queue and rest | B's model | B's minimum wait | sum | answers |",
        "| 0.15 | 0.00 | 0.12 | 0.01 | 2.90 | 0.04 | 0.00 | 45.00 | 5.20 | 0.00 | 53.27 | 10 |",
        "| rps | A load | prompt | generation | model | B load | prompt | generation | model |",
        "| 0.15 | 0.10 | 0.80 | 2.00 | 2.90 | 0.20 | 1.50 | 3.50 | 5.20 |",
      ]
    `);
  });

  test('the page: a stack per point, with what the models did', () => {
    const chart = chartOf(told, 'waterfall');
    if (chart === undefined) throw new Error('no chart');
    expect(chart.series.map(({ name }) => name)).toEqual([
      ...[
        'client wait',
        "A's queue",
        "A's engine queue and rest",
        "A's model",
        'network',
        "B's queue",
        "B's engine queue and rest",
      ],
      ...["B's model", "B's minimum wait"],
    ]);
    expect(new Set(chart.series.map(({ color }) => color)).size).toBe(9);
    expect(columnsOf(chart)[1]?.cells.slice(6, 8)).toEqual([
      '45.0 s',
      '5.20 s (load 200 ms, prompt 1.50 s, generation 3.50 s)',
    ]);
    expect(pageOf({ ...recordedRun(), report: told }, { css: '', script: '' })).toContain('<li>The queue is full: ');
  });

  test('JUnit: beside the thresholds, why they were missed', () => {
    const slos = [{ expression: 'p95<2s', passed: false, points: [{ rate: 0.05, passed: false, observed: '6.76 s' }] }];
    const xml = sloJunit({ ...recordedRun(), report: { ...told, slos } });
    expect(xml).toContain('<property name="where the time went 1" value="The queue is full: from 0.05 to 0.15 rps');
  });

  test('points of an earlier version beside newer ones: what they do not tell is left open', () => {
    const text = sweepText(reportOf([pointOf(0, 1), toldPoint(1, 2, 50)]), 100);
    const row = text.split('\n').find((line) => /^ +1 +0\.00/.test(line));
    expect(row?.trim().split(/ +/)).toEqual([
      '1',
      '0.00',
      '-',
      '-',
      '0.40',
      '0.01',
      '-',
      '-',
      '0.70',
      '4.61',
      '5.72',
      '10',
    ]);
  });
});

describe('a point that does not tell', () => {
  const state = { state: 'unknown', reason: 'only 4 requests', suggestedDurationSeconds: 50 } as const;
  const open = (index: number, rate: number) => pointOf(index, rate, { change: { state } });

  test('is undecided, and says which duration would tell', () => {
    expect(verdictOf(open(0, 1))).toBe('undecided');
    expect(remarksOf(open(0, 1))).toEqual(['undecided: only 4 requests (try --duration 50s)']);
    const { state: _, ...older } = pointOf(0, 1);
    expect(verdictOf(older)).toBe('valid');
  });

  test('the knee says so', () => {
    const knee = { rate: 1, index: 0 };
    expect(kneeLine(reportOf([pointOf(0, 1), open(1, 2)], { knee }))).toEqual([
      'Knee: 1 rps is the highest rate that was sustained; 2 rps could not be decided.',
    ]);
    expect(kneeLine(reportOf([open(0, 1), open(1, 2)]))).toEqual([
      'Knee: not decided: 1, 2 rps are undecided; --duration 50s would show more of 2 rps, and --find-knee takes it by itself.',
    ]);
    expect(kneeLine(reportOf([pointOf(0, 500, { change: { dropped: 1 } })]))).toEqual([
      'Knee: no point was sustained.',
    ]);
  });
});

test('a point of which nothing succeeded says how all of it failed', () => {
  const none = { ok: 0, http_error: 10, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 };
  const state = { state: 'unknown', reason: 'none of 10 requests succeeded' } as const;
  const failed = (change: Partial<PointSummary>) => pointOf(0, 1, { change: { outcomes: none, state, ...change } });
  const alike = failed({ errorsByClass: { 404: 10 }, errorTexts: { 404: "model '' not found" } });
  expect(verdictOf(alike)).toBe('failed');
  expect(remarksOf(alike)).toEqual(["failed: all 10 requests ended with 404: model '' not found"]);
  expect(sweepText(reportOf([alike]), 120)).toContain("404 x 10 (model '' not found)");
  expect(remarksOf(failed({ errorsByClass: { 404: 9, timeout: 1 } }))).toEqual([
    'failed: not one of 10 requests succeeded',
  ]);
});

test('prompts that were alike on purpose are named wherever the figures are', () => {
  const shared = { ...told, plan: { ...told.plan, sharedPrefixTokens: 100 } };
  const LINE = 'All prompts begin with about 100 tokens in common (--shared-prefix).';
  const run = { ...recordedRun(), report: shared };
  for (const text of [sweepText(shared, 80), markdownOf(run), pageOf(run, { css: '', script: '' })]) {
    expect(text.split(LINE)).toHaveLength(2);
  }
  expect(sweepText(told, 80)).not.toContain('in common');
  const text = diffText(diffReports(told, shared));
  expect(text).toMatch(/^B .*\/chain \(prompts share about 100 tokens\)$/m);
  expect(text).not.toMatch(/^A .*share/m);
});

test('what stands below the table of a closed loop counts requests that are kept open, and no rate', () => {
  const closed = (point: PointSummary) => ({ ...point, loop: 'closed' as const, models: { one: 3, other: 2 } });
  for (const points of [[toldPoint(0, 1, 50), toldPoint(1, 8, 45_000)], [toldPoint(0, 1, 50)]]) {
    const report = reportOf(points.map(closed));
    const lines = [...bottleneckLines(report.points), ...remarkLines(report)].join('\n');
    expect(lines).toContain('1 concurrent: answers name several models: one x 3, other x 2');
    expect(lines).toMatch(/(from 1 to 8|at 1) concurrent /i);
    expect(lines).not.toMatch(/\brps\b/);
  }
});

test('a percentile without a bound is said to lack independent answers, however many came', () => {
  const certainty = { metric: 'p95', estimate: 620, width: 0.1, count: 300, reached: false } as const;
  expect(remarksOf({ ...pointOf(0, 5), certainty } as PointSummary)).toContainEqual(
    'p95 is not certain: too few of 300 answers are independent for an upper bound',
  );
});
