import { describe, expect, test } from 'vitest';
import { conclusionOf } from '../../../src/services/load/profiles/profiles.ts';
import { findingsOf } from '../../../src/services/load/quick/findings.ts';
import { quickText } from '../../../src/services/load/quick/quick-text.ts';
import type { PointSummary, SweepPlan, SweepReport } from '../../../src/services/load/types.ts';
import { exitOfSweep } from '../../../src/services/results/exit-codes.ts';
import { pageOf } from '../../../src/services/results/html/page.ts';
import { kneeFigure, kneeLine } from '../../../src/services/results/knee-line.ts';
import { markdownOf } from '../../../src/services/results/markdown.ts';
import { sloJunit } from '../../../src/services/results/slo-junit.ts';
import { sweepText } from '../../../src/services/results/sweep-table.ts';
import { kneeCapacity } from '../../../src/services/scaling/capacity.ts';
import { pointOf, recordedRun, reportOf } from './fixture.ts';

const late = { validity: 'invalid: client-limited (lateness p99 9.0 ms, 1.0 ms allowed)' };
const spoiled = (index: number, rate: number) => pointOf(index, rate, { change: late });
const open = (index: number, rate: number) =>
  pointOf(index, rate, { change: { state: { state: 'unknown', reason: 'only 4 requests' } } });

/** A search between 1 and 1000, of a target that serves 420 a second. */
function searched(points: readonly PointSummary[], change: Partial<SweepReport> = {}): SweepReport {
  const { plan } = reportOf(points);
  const search = { low: 1, high: 1000, maxPoints: 12, maxDurationSeconds: 600 };
  const ofSearch: SweepPlan = { ...plan, search };
  return reportOf(points, { plan: ofSearch, ...conclusionOf(ofSearch, points), ...change });
}

const exitOf = (report: SweepReport) => exitOfSweep(report, new AbortController().signal);
const xmlOf = (report: SweepReport) => sloJunit({ ...recordedRun(), report });

describe('a search for the knee', () => {
  test.each<[state: string, exit: number, points: readonly PointSummary[], figure: string]>([
    ['found', 0, [pointOf(0, 1), pointOf(1, 1000), pointOf(2, 410), pointOf(3, 430)], '410 rps'],
    // A spoiled one within what the search leaves open anyway changes nothing.
    ['found', 0, [pointOf(0, 1), pointOf(1, 1000), pointOf(2, 410), pointOf(3, 440), spoiled(4, 425)], '410 rps'],
    ['above', 0, [pointOf(0, 1), pointOf(1, 1000, { capacity: 2000 })], 'at least 1000 rps'],
    ['atLeast', 0, [pointOf(0, 1), pointOf(1, 1000), open(2, 100)], '1 rps'],
    ['atLeast', 8, [pointOf(0, 1), pointOf(1, 1000), spoiled(2, 100)], 'at least 1 rps'],
    ['atLeast', 8, [pointOf(0, 1), spoiled(1, 1000)], 'at least 1 rps'],
    ['below', 8, [pointOf(0, 500)], 'not found'],
    ['undecided', 8, [spoiled(0, 1), pointOf(1, 1000)], 'not decided'],
    ['undecided', 8, [spoiled(0, 1), spoiled(1, 1000)], 'not decided'],
    ['undecided', 8, [open(0, 1), pointOf(1, 1000)], 'not decided'],
  ])('comes to %s, exit %i', (state, exit, points, figure) => {
    const report = searched(points);
    expect(report.searched?.state).toBe(state);
    expect(exitOf(report)).toBe(exit);
    expect(kneeFigure(report)?.[0]).toBe(figure);
    const bad = /<testsuite name="the knee"[^>]*(failures="1"|errors="1")/.test(xmlOf(report));
    expect(bad).toBe(exit === 8);
    expect(kneeLine(report)).not.toEqual([]);
  });

  test('names what this machine spoiled wherever the knee stands', () => {
    const report = searched([pointOf(0, 1), pointOf(1, 1000), spoiled(2, 100), spoiled(3, 10)]);
    const lines = [
      'Knee: at least 1 rps, the highest rate that was sustained; 1000 rps was not sustained.',
      'Not measured: 10 rps (this machine: lateness p99 9.0 ms, 1.0 ms allowed), 100 rps (this machine: lateness p99 9.0 ms, 1.0 ms allowed): a machine with less to do, or a faster one, tells more.',
    ];
    expect(kneeLine(report)).toEqual(lines);
    const run = { ...recordedRun(), report };
    const page = pageOf(run, { css: '', script: '' });
    for (const text of [sweepText(report, 200), markdownOf(run), page, sloJunit(run)]) {
      expect(text).toContain('Knee: at least 1 rps, ');
      expect(text).toContain('Not measured: 10 rps (');
    }
    expect(page).toContain('<strong>at least 1 rps</strong><span>10, 100 not measured</span>');
    expect(page).toContain('knee, at least 1<');
    expect(report.searched?.unmeasured?.map(({ rate }) => rate)).toEqual([10, 100]);
  });

  test('a rate that was measured in another try is measured', () => {
    const report = searched([pointOf(0, 1), pointOf(1, 1000), spoiled(2, 410), pointOf(3, 410), pointOf(4, 430)]);
    expect(report.searched).toEqual({ state: 'found' });
    expect(kneeLine(report)).toHaveLength(1);
  });

  test('many are not all named in the sentence', () => {
    const points = [pointOf(0, 1), ...[10, 20, 30, 40, 50].map((rate, index) => spoiled(index + 1, rate))];
    const [line, unmeasured] = kneeLine(searched(points));
    expect(line).toBe('Knee: at least 1 rps, the highest rate that was sustained; nothing is known above it.');
    expect(unmeasured).toMatch(/ and 2 more, see the remarks: a machine/);
  });

  test('what was not measured is no capacity of an instance', () => {
    expect(kneeCapacity(searched([pointOf(0, 400), pointOf(1, 1000), pointOf(2, 440)]))).toBeDefined();
    expect(kneeCapacity(searched([pointOf(0, 1), pointOf(1, 1000), spoiled(2, 100)]))).toBeUndefined();
  });
});

test('a ladder says so as well, and asks nobody for a knee', () => {
  const knee = { rate: 1, index: 0, above: 1000 };
  const report = reportOf([pointOf(0, 1), spoiled(1, 100), pointOf(2, 1000)], { knee });
  expect(kneeLine(report)[0]).toBe(
    'Knee: at least 1 rps, the highest rate that was sustained; 1000 rps was not sustained.',
  );
  expect(exitOf(report)).toBe(0);
  const ended = reportOf([pointOf(0, 1), spoiled(1, 100)], { knee: { rate: 1, index: 0 } });
  expect(kneeLine(ended)[0]).toBe(
    'Knee: at least 1 rps, the highest rate that was sustained; nothing is known above it.',
  );
});

test('a closed loop has no knee to miss', () => {
  const failing = pointOf(0, 8, { change: { loop: 'closed', outcomes: { ...pointOf(0, 8).outcomes, ok: 1 } } });
  const { plan } = reportOf([failing]);
  const report = reportOf([failing], { plan: { ...plan, loop: 'closed' } });
  expect(kneeLine(report)).toEqual([]);
  const page = pageOf({ ...recordedRun(), report }, { css: '', script: '' });
  expect(page).not.toMatch(/<span>knee<\/span>|[Oo]ffered/);
  expect(page).toMatch(/kept open|always open/);
});

describe('a search under objectives', () => {
  const objectives = ['p95<9s'];
  const slos = [
    { expression: 'p95<9s', passed: true, points: [{ rate: 1, passed: true, observed: '6 s' }], undecided: [] },
  ];
  const report = (limit: SweepReport['limit'], change: Partial<SweepReport> = {}) => {
    const points = [pointOf(0, 1), spoiled(1, 100)];
    const { plan } = reportOf(points);
    const bounds = { low: 1, high: 100, maxPoints: 10, maxDurationSeconds: 60, objectives };
    return reportOf(points, {
      ...{ plan: { ...plan, limit: bounds }, knee: { rate: 1, index: 0 }, slos, ...(limit && { limit }) },
      ...change,
    });
  };
  const page = (of: SweepReport) => pageOf({ ...recordedRun(), report: of }, { css: '', script: '' });

  test('does not pass where it ends without evidence', () => {
    const unmeasured = [{ rate: 100, why: 'client-limited (late)' }];
    const changed = { missed: 10, held: 20 };
    for (const limit of [
      { state: 'undecided', objectives, unmeasured },
      { state: 'changing', objectives, changed },
    ] as const) {
      const of = report(limit);
      expect(exitOf(of)).toBe(8);
      expect(page(of)).toContain('<span>thresholds</span><strong>not decided</strong>');
      expect(xmlOf(of)).toMatch(/<testsuite name="the highest rate"[^>]*errors="1"/);
    }
    expect(kneeFigure(report({ state: 'undecided', objectives, unmeasured }))).toEqual([
      'at least 1 rps',
      '100 not measured',
    ]);
    expect(kneeFigure(report({ state: 'changing', objectives, changed }))?.[0]).toBe('not known');
  });

  test('passes where it was bounded, if not to 2 %', () => {
    const of = report({ state: 'undecided', objectives, interval: [1, 9], estimate: 3, limitedBy: 'p95<9s' });
    expect(exitOf(of)).toBe(0);
    expect(kneeFigure(of)).toEqual(['1 rps', 'not to 2 %; 99 %: 1 to 9; by p95<9s']);
    expect(page(of)).toContain('<strong>passed</strong><span>of 1, at 1 rps</span>');
  });
});

test('a quick look calls what it could not measure above its knee a lower bound', () => {
  const doubling = reportOf([pointOf(0, 1, { change: { loop: 'closed' } })]);
  const search = searched([pointOf(0, 1), spoiled(1, 1000)]);
  const runs = {
    ...({ targetUrl: 'http://127.0.0.1:1/chat', api: 'raw', isStreamed: false, prompt: 'p' } as const),
    ...({ aloneSeconds: 0.1, seconds: 60, status: 'complete' } as const),
    ...{ doubling, search },
  };
  const text = quickText({ runs, findings: findingsOf(runs), reports: [] }, 200);
  expect(text).toMatch(/Knee: 1 requests\/s or more: .*; this machine could not measure 1000 requests\/s\./);
});
