import { describe, expect, test } from 'vitest';
import { judgeCriterion, judgeSlo, parseAbort, parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';

describe('reading a threshold', () => {
  test.each([
    ['p95<2s', { metric: 'p95', operator: '<', bound: 2000 }],
    [' p50 <= 150ms', { metric: 'p50', operator: '<=', bound: 150 }],
    ['max<1m30s', { metric: 'max', operator: '<', bound: 90_000 }],
    ['ttft_p95<0.5s', { metric: 'ttft_p95', operator: '<', bound: 500 }],
    ['ok>99%', { metric: 'ok', operator: '>', bound: 0.99 }],
    ['ok>=0.995', { metric: 'ok', operator: '>=', bound: 0.995 }],
    ['error-rate<1%', { metric: 'error-rate', operator: '<', bound: 0.01 }],
    ['ok-rps>=50', { metric: 'ok-rps', operator: '>=', bound: 50 }],
    ['served-rps > 12.5', { metric: 'served-rps', operator: '>', bound: 12.5 }],
  ])('%s', (text, expected) => expect(parseSlo(text)).toEqual({ expression: text, ...expected }));

  test.each([
    ['', 'a metric is missing, at character 1'],
    ['p96<2s', '"p96" is not a metric, at character 1'],
    [' latency<2s', '"latency" is not a metric, at character 2'],
    ['p95', 'one of < <= > >= must follow, at character 4'],
    ['p95=2s', 'one of < <= > >= must follow, at character 4'],
    ['p95 <2', '"2" needs a unit, for example 2ms or 2s, at character 6'],
    ['p95<2 parsecs', 'is not a duration'],
    ['p95<', 'at character 5'],
    ['ok>99', '"99" is more than all: write for example 99% or 0.99, at character 4'],
    ['ok>x%', '"x%" is not a number, at character 4'],
    ['ok-rps>50%', 'ok-rps is a number per second, not a share, at character 8'],
  ])('"%s" is refused where it goes wrong', (text, message) => {
    expect(() => parseSlo(text)).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining(message) }),
    );
  });

  test('a condition to end on: = means that much or worse', () => {
    expect(parseAbort('error-rate=50%')).toMatchObject({ operator: '>=', bound: 0.5 });
    expect(parseAbort('p95=5s')).toMatchObject({ operator: '>=', bound: 5000 });
    expect(parseAbort('ok=50%')).toMatchObject({ operator: '<=', bound: 0.5 });
    expect(parseAbort('p95>5s')).toMatchObject({ operator: '>', bound: 5000 });
    expect(() => parseAbort('p95')).toThrow(/--abort-on "p95": one of = < <= > >= must follow, at character 4/);
  });
});

const point = (rate: number, p95: number, ok: number, change: Partial<PointSummary> = {}): PointSummary => {
  const nothing = skippedPoint(0, rate, 'valid', '');
  const response = { p50: p95 / 2, p90: p95, p95, p99: p95, mean: p95 / 2, max: p95 * 2, count: ok, ci: {} };
  return {
    ...nothing,
    ...{ status: 'complete', scheduled: 100, sent: 100, okRps: ok / 10, servedRps: ok / 20, response },
    outcomes: { ...nothing.outcomes, ok, timeout: 100 - ok },
    ...change,
  };
};

describe('judging', () => {
  test('figures and how they are told', () => {
    const judge = (text: string, measured = point(10, 1500, 98)) => judgeCriterion(parseSlo(text), measured);
    expect(judge('p95<2s')).toEqual({ met: true, observed: '1.50 s' });
    expect(judge('p95<1500ms')).toEqual({ met: false, observed: '1.50 s' });
    expect(judge('p95<=1500ms').met).toBe(true);
    expect(judge('p50<1s')).toEqual({ met: true, observed: '750.0 ms' });
    expect(judge('ok>99%')).toEqual({ met: false, observed: '98.00 %' });
    expect(judge('error-rate<=2%').observed).toBe('2.00 %');
    expect(judge('ok-rps>9')).toEqual({ met: true, observed: '9.8/s' });
    expect(judge('served-rps>9').met).toBe(false);
    expect(judge('ttft_p95<1s')).toEqual({ met: false, observed: 'nothing measured' });
  });

  test('every telling point has to meet a threshold', () => {
    const slo = parseSlo('p95<2s');
    const good = point(10, 100, 100);
    const invalid = point(50, 9000, 100, { validity: 'invalid: client-limited (x)' });
    const skipped = skippedPoint(3, 100, 'above the knee', '');
    expect(judgeSlo(slo, [good, invalid, skipped])).toEqual({
      expression: 'p95<2s',
      passed: true,
      points: [{ rate: 10, passed: true, observed: '100.0 ms' }],
    });
    expect(judgeSlo(slo, [good, point(20, 3000, 100)]).passed).toBe(false);
    expect(judgeSlo(slo, [invalid])).toMatchObject({ passed: false, points: [] });
  });
});
