import { expect, test } from 'vitest';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { wrap } from '../../../src/services/results/text.ts';
import type { SmokeReport } from '../../../src/services/smoke/types.ts';
import { checkLine, formatSmokeReport } from '../../../src/ui/format/check.ts';
import { entryOf } from '../../../src/ui/format/entry.ts';
import { canShowUnicode, toAscii } from '../../../src/ui/format/glyphs.ts';
import { formatPlan, summarizePlan } from '../../../src/ui/format/plan.ts';
import { stepDone, stepFailed } from '../../../src/ui/format/step.ts';
import { leftText, pointLine, pointRemarks, sweepHeader, tickLine } from '../../../src/ui/format/sweep.ts';
import {
  bar,
  formatAmount,
  formatEstimate,
  formatMillis,
  formatRate,
  plain,
  sparkline,
  truncate,
} from '../../../src/ui/format/text.ts';
import { fullTick, plan, point, tick } from './events.ts';

test('a plan says sign, action, resource and reason', () => {
  const changes = [
    { key: 'engine', action: 'create', reason: 'not there yet' },
    { key: 'service-b-1', action: 'update', reason: 'other model' },
    { key: 'proxy', action: 'replace', reason: 'port changed' },
    { key: 'old', action: 'remove', reason: 'no longer wanted' },
    { key: 'service-a', action: 'unchanged', reason: '' },
  ] as const;
  expect(formatPlan(changes).join('\n')).toMatchInlineSnapshot(`
    "+ create     engine       not there yet
    ~ update     service-b-1  other model
    ± replace    proxy        port changed
    - remove     old          no longer wanted
    = unchanged  service-a"
  `);
  expect(summarizePlan(changes)).toMatchInlineSnapshot(
    `"1 to create, 1 to update, 1 to replace, 1 to remove, 1 unchanged"`,
  );
  expect(summarizePlan([])).toBe('nothing to do');
  expect(summarizePlan(changes.slice(4))).toBe('nothing to do, 1 unchanged');
});

test('steps say what happened and how long it took', () => {
  expect(stepDone('engine', 'create', 1.234, 'pid 7')).toBe('engine created in 1.2 s (pid 7)');
  expect(stepDone('engine', 'ready', 0.5)).toBe('engine ready after 500 ms');
  expect(stepFailed('engine', 'create', 'no port')).toBe('engine: create failed: no port');
  expect(stepFailed('engine', 'ready', 'no answer')).toBe('engine: never became ready: no answer');
});

test('a sweep names its target, its ladder and that the engine is simulated', () => {
  expect(sweepHeader(plan).join('\n')).toMatchInlineSnapshot(`
    "Sweep "aws" of http://127.0.0.1:8001/chain (simulated engine)
    2 points at 1, 50 req/s, 10 s each after 2 s of warm-up, 1,234 requests, about 24 s and the drains, at most 2m 00s each"
  `);
  expect(sweepHeader({ ...plan, sharedPrefixTokens: 100 })[0]).toBe(
    'Sweep "aws" of http://127.0.0.1:8001/chain (simulated engine), prompts with about 100 tokens in common',
  );
  expect(sweepHeader({ ...plan, warmupSeconds: 0, durationSeconds: 0.3 })[1]).toContain(
    ', 300 ms each without warm-up,',
  );
  expect(sweepHeader({ ...plan, warmupSeconds: 2.5, durationSeconds: 90 })[1]).toContain(
    ', 1m 30s each after 2.5 s of warm-up,',
  );
  expect(sweepHeader({ ...plan, search: { low: 1, high: 50, maxPoints: 12 } })[1]).toBe(
    'search for the knee between 1 and 50 req/s, at most 12 points, 10 s each after 2 s of warm-up, about 12 s a point and the drains, at most 2m 00s each',
  );
  expect(
    sweepHeader({ ...plan, rates: [0.05, 0.15], probeMs: 14_800, timeoutSeconds: 60, estimateSeconds: 69 })[1],
  ).toBe(
    '2 points at 0.05, 0.15 req/s, 10 s each after 2 s of warm-up, 1,234 requests, about 1m 09s; where answers queue, up to 1m 00s more a point',
  );
  const closed = { ...plan, rates: [8], loop: 'closed' as const, probeMs: 14_800, timeoutSeconds: 60 };
  expect(sweepHeader(closed)[1]).toContain('; where the last answers take long, up to 1m 00s more a point');
  expect(leftText({ ...tick, etaAtMost: true, etaOfPoint: true }, 'about ')).toBe('at most 2m 05s left of this point');
  expect(tickLine(tick, '2')).toMatchInlineSnapshot(
    `"point 2 of 2, 50 req/s, measuring 5 of 10 s; sent 250 (49.8/s), in flight 235, ok 12, failed 3; about 2m 05s left"`,
  );
});

test('a point fits 76 columns beside its mark, and says what spoils it', () => {
  expect(pointLine(point)).toMatchInlineSnapshot(
    `"   50/s  valid         served   1.8/s  p50 12.0 s p95 46.2 s p99 1m 10s"`,
  );
  const widest = { ...point, rate: 10_000, servedRps: 9999, state: { state: 'overloaded', reason: '' } } as const;
  expect(pointLine(widest).length).toBeLessThanOrEqual(76);
  expect(pointRemarks(point)).toEqual(['96 % failed']);
  const { response: _none, ...rest } = point;
  const spoilt = {
    ...rest,
    status: 'interrupted',
    validity: 'invalid: client-limited (late)',
    dropped: 1,
    contaminated: 'the drain gate stayed shut',
    state: { state: 'filling', reason: 'too short: 60 s would do' },
    errorsByClass: { timeout: 480, '503': 1, '502': 1 },
  } as const;
  expect(pointLine(spoilt)).toContain('no success');
  expect(pointRemarks(spoilt)).toMatchInlineSnapshot(`
    [
      "interrupted after 10.0 s",
      "invalid: client-limited (late)",
      "contaminated: the drain gate stayed shut",
      "filling: too short: 60 s would do",
      "96 % failed: timeout 480, 502 1, 503 1",
      "1 request not sent by this machine",
    ]
  `);
});

test('a point of one request shows no rate and no percentiles that one answer does not tell', () => {
  const outcomes = { ...point.outcomes, ok: 1, http_error: 0, timeout: 0 };
  const response = { ...(point.response as NonNullable<typeof point.response>), count: 1 };
  const one = { ...point, rate: 0.05, sent: 1, outcomes, response };
  expect(pointLine(one)).toMatch(/^ 0\.05\/s {2}valid +served {5}- +p50 ~12\.0 s p95 - +p99 -$/);
  expect(pointLine({ ...one, sent: 3 })).toContain('served   1.8/s');
  const begun = { ...tick, rate: 0.05, sent: 1, sentPerSecond: 0.0693 };
  expect(tickLine(begun, '2')).toContain('measuring 5 of 10 s; sent 1, in flight');
  expect(tickLine({ ...begun, good: 3 }, '2')).toMatch(/failed \d+, good 3;/);
  expect(sweepHeader({ ...plan, totalRequests: 1 })[1]).toContain('1 request, ');
});

test('only a steady point has a tick', () => {
  const markOf = (state: 'steady' | 'filling' | 'overloaded' | 'unknown') =>
    entryOf({ type: 'point-done', point: { ...point, state: { state, reason: '' } } }, plain)?.mark;
  expect((['steady', 'overloaded', 'filling', 'unknown'] as const).map(markOf)).toEqual([
    'done',
    'warning',
    'warning',
    'warning',
  ]);
});

test('where not one request succeeded, nothing calls the point valid and no tick stands beside it', () => {
  const { ok, ...others } = point.outcomes;
  const refused: PointSummary = {
    ...{ ...point, outcomes: { ...others, ok: 0, http_error: ok }, state: { state: 'steady', reason: '' } },
    ...{ errorsByClass: { '404': 20 }, errorTexts: { '404': "model '' not found" } },
  };
  const shown = entryOf({ type: 'point-done', point: refused }, plain);
  expect(shown?.mark).toBe('failed');
  expect(shown?.text).toMatch(/failed +served/);
  expect(shown?.details).toEqual(["failed: all 500 requests ended with 404: model '' not found"]);
  const unlike = entryOf(
    { type: 'point-done', point: { ...refused, errorsByClass: { '404': 12, timeout: 8 } } },
    plain,
  );
  expect(unlike?.details).toEqual([
    'failed: not one of 500 requests succeeded',
    "100 % failed: 404 12 (model '' not found), timeout 8",
  ]);
  expect(`${shown?.text} ${shown?.details}`).not.toContain('valid');
});

test('a point that was left out says why', () => {
  const above = { ...point, status: 'skipped', validity: 'above the knee', sent: 0 } as const;
  expect(pointLine(above)).toBe('   50/s  skipped');
  expect(pointRemarks({ ...above, outcomes: { ...above.outcomes, ok: 0, http_error: 0, timeout: 0 } })).toEqual([
    'skipped: above the knee',
  ]);
});

test('a tick with all its figures is still one line', () => {
  expect(tickLine(fullTick, '2')).toMatchInlineSnapshot(
    `"point 2 of 2, 50 req/s, measuring 5 of 10 s; sent 250 (49.8/s), in flight 235, ok 12, failed 3; p50 340 ms, p95 1.2 s; lateness p99 1.44 ms; about 2m 05s left"`,
  );
});

test('history as blocks, and figures in a few columns', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 20)).toBe(' ▁▂▃▄▅▆▇█');
  expect([sparkline([0.1, 4, 8], 2), sparkline([], 9), sparkline([1], 0)]).toEqual(['▄█', '', '']);
  expect([0.144, 3.06, 9.96, 340.4, 999.6].map((ms) => formatMillis(ms))).toEqual([
    ...['0.1 ms', '3.1 ms', '10 ms', '340 ms', '1.0 s'],
  ]);
  expect(formatMillis(0.144, 2)).toBe('0.14 ms');
});

test('a terminal without UTF-8 gets ASCII of the same width', () => {
  expect(toAscii('✓ ▸10 █░ ▁▄█ ⠋ · …')).toBe('+ >10 #. _-# | - ~');
  expect(canShowUnicode({ LANG: 'en_US.UTF-8' })).toBe(true);
  expect(canShowUnicode({ LANG: 'en_US.UTF-8', TERM: 'linux' })).toBe(false);
  expect(canShowUnicode({ LANG: 'en_US.UTF-8', LC_ALL: 'C' })).toBe(false);
  expect(canShowUnicode({ LC_ALL: '', LC_CTYPE: 'C.utf8' })).toBe(true);
  expect(canShowUnicode({})).toBe(false);
});

test('bars, amounts, rates and estimates', () => {
  expect([bar(0, 4), bar(0.5, 4), bar(7, 4), bar(Number.NaN, 4)]).toEqual(['░░░░', '██░░', '████', '░░░░']);
  expect([formatAmount(1234, 'rows'), formatAmount(999, 'bytes'), formatAmount(2.2e9, 'bytes')]).toEqual([
    '1,234 rows',
    '999 B',
    '2.2 GB',
  ]);
  expect(formatAmount(999_960, 'bytes')).toBe('1.0 MB');
  expect([50, 49.84, 999.6, 99.96, 1.5, 0.05, 0.15, 0.01267, 0].map(formatRate)).toEqual([
    ...['50', '49.8', '1000', '100', '1.5', '0.05', '0.15', '0.0127', '0'],
  ]);
  expect([formatEstimate(0.2), formatEstimate(12), formatEstimate(125)]).toEqual(['1 s', '12 s', '2m 05s']);
  expect([truncate('abc', 3), truncate('abcd', 3), truncate('abc', 0)]).toEqual(['abc', 'ab…', '']);
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
});

const report: SmokeReport = {
  target: 'http://127.0.0.1:8001',
  bUrl: 'http://127.0.0.1:8002',
  simulated: true,
  hosts: { 'host-2': 3, 'host-1': 17 },
  passed: 1,
  failed: 1,
  skipped: 1,
  checks: [
    { id: 'b-health', name: 'B is healthy', status: 'passed', seconds: 0.012, expected: '200', actual: '200 from h' },
    {
      id: 'chain',
      name: 'The whole chain answers',
      status: 'failed',
      seconds: 5.2,
      expected: '200 with both texts, a_local_seconds + b_remote_seconds <= end_to_end_seconds, b_remote_seconds >= 5',
      actual: '502: ollama(A) error: model not found',
      remedy: 'a hop behind A failed: check the log of A and the engine behind it',
    },
    { id: 'x', name: 'A refuses', status: 'skipped', seconds: 0, expected: '400', actual: 'A cannot be reached' },
  ],
};

test('a smoke report reads well in 80 columns without colour', () => {
  const text = formatSmokeReport(report);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toMatchInlineSnapshot(`
    "Smoke test of http://127.0.0.1:8001 (simulated engine: timings say nothing about
    a real model)
    B reached at http://127.0.0.1:8002

    ✓ passed   B is healthy                                                    12 ms
               200 from h
    ✗ failed   The whole chain answers                                         5.2 s
               expected  200 with both texts, a_local_seconds + b_remote_seconds <=
                         end_to_end_seconds, b_remote_seconds >= 5
               came      502: ollama(A) error: model not found
               do        a hop behind A failed: check the log of A and the engine
                         behind it
    • skipped  A refuses
               reason    A cannot be reached

    Answers per host of B:
      host-1   17
      host-2    3

    1 passed, 1 failed, 1 skipped"
  `);
  expect(report.checks.map(checkLine)).toMatchInlineSnapshot(`
    [
      "B is healthy (12 ms)",
      "The whole chain answers: failed after 5.2 s",
      "A refuses: skipped: A cannot be reached",
    ]
  `);
});
