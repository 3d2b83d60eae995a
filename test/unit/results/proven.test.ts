import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import { parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { judgeSlo } from '../../../src/services/load/stats/objective.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import type { PointSummary, SweepReport } from '../../../src/services/load/types.ts';
import { exitOfSweep } from '../../../src/services/results/exit-codes.ts';
import { sloJunit } from '../../../src/services/results/slo-junit.ts';
import { sweepText } from '../../../src/services/results/sweep-table.ts';
import { sloLines, unproven } from '../../../src/services/results/verdict.ts';
import { failedPoint, pointOf, recordedRun, reportOf } from './fixture.ts';

const goodput = ['e2e<10s'];
const invalid = { validity: 'invalid: client-limited (lateness p99 9.0 ms, 1.0 ms allowed)' };
const none = { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 10 };

/** Points of 10 s: p95 of 6.8 s at 1 rps, of 18.6 s at 500, which overloads. */
const POINTS = {
  met: pointOf(0, 1),
  missed: pointOf(1, 500),
  failed: failedPoint(1, 50),
  invalid: pointOf(1, 50, { change: invalid }),
  skipped: skippedPoint(1, 1000, 'above the knee', ''),
  contaminated: pointOf(1, 500, { change: { contaminated: 'a probe took 9 s' } }),
  'met on a backlog': pointOf(1, 2, { change: { contaminated: 'a probe took 9 s' } }),
  cut: pointOf(1, 2, { change: { status: 'cut', durationSeconds: 4 } }),
  'cut at once': pointOf(1, 2, {
    change: { status: 'cut', validity: 'invalid: stopped before any request had ended', outcomes: none },
  }),
} satisfies Record<string, PointSummary>;

type Kind = keyof typeof POINTS;

const SLO = parseSlo('p95<10s');

function reportWith(kinds: readonly Kind[], asked: 'nothing' | 'slo' | 'goodput', change: Partial<SweepReport> = {}) {
  const points = kinds.map((kind, index) => ({ ...POINTS[kind], index }));
  const plan = { ...reportOf(points).plan, ...(asked === 'goodput' ? { goodput } : {}) };
  return reportOf(points, { plan, ...(asked === 'slo' ? { slos: [judgeSlo(SLO, points)] } : {}), ...change });
}

const exitOf = (report: SweepReport) => exitOfSweep(report, new AbortController().signal);

test('nothing unproven where all was looked at', () => {
  expect(unproven(reportWith(['met', 'missed', 'skipped'], 'goodput'))).toEqual([]);
});

describe('what a sweep exits with, by its points and by what was asked', () => {
  test.each<[kinds: readonly Kind[], nothing: number, slo: number, goodput: number]>([
    [['met'], 0, 0, 0],
    [['met', 'missed'], 0, 8, 0],
    [['met', 'failed'], 0, 8, 0],
    [['failed'], 8, 8, 8],
    [['met', 'invalid'], 0, 8, 8],
    [['invalid'], 8, 8, 8],
    [['invalid', 'invalid'], 8, 8, 8],
    [['invalid', 'skipped'], 8, 8, 8],
    [['met', 'skipped'], 0, 0, 0],
    [['met', 'contaminated'], 0, 8, 0],
    [['met', 'met on a backlog'], 0, 0, 0],
    [['met', 'cut'], 0, 0, 0],
    [['met', 'cut at once'], 0, 8, 8],
    [[], 8, 8, 8],
  ])('%j: %i asking nothing, %i under --slo, %i under --goodput', (kinds, nothing, slo, good) => {
    const exits = (['nothing', 'slo', 'goodput'] as const).map((asked) => exitOf(reportWith(kinds, asked)));
    expect(exits).toEqual([nothing, slo, good]);
  });

  test('what ended it comes first', () => {
    const interrupted = reportWith(['met', 'invalid'], 'slo', { status: 'interrupted' });
    expect(exitOf(interrupted)).toBe(ExitCode.interrupted);
    expect(exitOf({ ...interrupted, abortedBy: 'error-rate=50%: 60 %' })).toBe(ExitCode.checkFailed);
    expect(exitOf({ ...interrupted, problem: 'the disk is full' })).toBe(ExitCode.configuration);
  });

  test('whatever does not exit 0 says why, in words and as JUnit', () => {
    for (const kinds of [['invalid'], ['met', 'invalid'], ['met', 'contaminated'], ['met', 'cut at once']] as const) {
      for (const asked of ['slo', 'goodput'] as const) {
        const report = reportWith(kinds, asked);
        const xml = sloJunit({ ...recordedRun(), report });
        if (exitOf(report) === 0) expect(xml).toContain('failures="0" errors="0"');
        else {
          expect(sweepText(report, 80)).toMatch(/not decided|Nothing was decided/);
          expect(xml).toMatch(/<testsuites [^>]*failures="0" errors="[12]"/);
        }
      }
    }
  });
});

test('a threshold in a line: passed, missed, or not decided, and where', () => {
  const line = (...kinds: Kind[]) => sloLines(reportWith(kinds, 'slo'));
  expect(line('met', 'skipped')).toEqual(['SLO p95<10s: passed at every point (1)']);
  expect(line('met', 'missed')).toEqual([
    'SLO p95<10s: FAILED at 500 rps (without end: 16.0 % of the requests did not succeed)',
  ]);
  expect(line('met', 'invalid')).toEqual(['SLO p95<10s: not decided at 50 rps (invalid); passed at 1 other point']);
  expect(line('invalid')).toEqual(['SLO p95<10s: not decided at 50 rps (invalid)']);
  expect(line('missed', 'invalid')[0]).toMatch(
    /FAILED at 500 rps \(without end: .*\); not decided at 50 rps \(invalid\)$/,
  );
  expect(line('skipped')).toEqual(['SLO p95<10s: not decided: no valid point']);
  // A search that was killed at its first point knows of no rate.
  const limit = { state: 'undecided', objectives: ['p95<10s'] } as const;
  expect(sloLines(reportWith(['met'], 'slo', { limit }))).toEqual(['SLO p95<10s: passed at every point (1)']);
});

test('good requests: a table in every format', () => {
  const good = { count: 7, share: 0.7, rps: 0.7, missed: { 'e2e<10s': 3 } };
  const report = reportWith(['met'], 'goodput');
  const points = report.points.map((point) => ({ ...point, good }));
  expect(sweepText({ ...report, points }, 80)).toContain(
    'Good requests (e2e<10s), of all that were scheduled:\n' +
      '  rps good  share good/s not e2e<10s\n' +
      '    1    7 70.0 %    0.7           3\n',
  );
});
