import { describe, expect, test } from 'vitest';
import { parseAbort, parseLimit, parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { judgeCriterion } from '../../../src/services/load/stats/judge-criterion.ts';
import { judgeSlo, standing } from '../../../src/services/load/stats/objective.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';

describe('reading a threshold', () => {
  test.each([
    ['p95<2s', { metric: 'p95', operator: '<', bound: 2000 }],
    [' p50 <= 150ms', { metric: 'p50', operator: '<=', bound: 150 }],
    ['max<1m30s', { metric: 'max', operator: '<', bound: 90_000 }],
    ['ttft_p95<0.5s', { metric: 'ttft_p95', operator: '<', bound: 500 }],
    ['p99.9<3s', { metric: 'p99.9', operator: '<', bound: 3000 }],
    ['ttft_p99.99<1s', { metric: 'ttft_p99.99', operator: '<', bound: 1000 }],
    ['ttft-sent_p50<1s', { metric: 'ttft-sent_p50', operator: '<', bound: 1000 }],
    ['itl_max<=100ms', { metric: 'itl_max', operator: '<=', bound: 100 }],
    ['tpot_mean<50ms', { metric: 'tpot_mean', operator: '<', bound: 50 }],
    ['tokens-per-second>=200', { metric: 'tokens-per-second', operator: '>=', bound: 200 }],
    ['good>=99%', { metric: 'good', operator: '>=', bound: 0.99 }],
    ['good-rps>=20', { metric: 'good-rps', operator: '>=', bound: 20 }],
    ['ok>99%', { metric: 'ok', operator: '>', bound: 0.99 }],
    ['ok>=0.995', { metric: 'ok', operator: '>=', bound: 0.995 }],
    ['error-rate<1%', { metric: 'error-rate', operator: '<', bound: 0.01 }],
    ['ok-rps>=50', { metric: 'ok-rps', operator: '>=', bound: 50 }],
    ['served-rps > 12.5', { metric: 'served-rps', operator: '>', bound: 12.5 }],
  ])('%s', (text, expected) => expect(parseSlo(text)).toEqual({ expression: text, ...expected }));

  test.each([
    ['', 'a metric is missing, at character 1'],
    ['p0<2s', '"p0" is not a metric, at character 1'],
    ['p100<2s', '"p100" is not a metric, at character 1'],
    ['p99.9999<2s', '"p99.9999" is not a metric, at character 1'],
    ['ttl_p99<2s', '"ttl_p99" is not a metric, at character 1'],
    ['ttft<2s', '"ttft" is not a metric, at character 1'],
    ['constructor<2s', '"constructor" is not a metric, at character 1'],
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

describe('reading a limit of a good request', () => {
  test.each([
    ['ttft<500ms', { of: 'ttft', operator: '<', bound: 500 }],
    [' ttft-sent <= 0.5s', { of: 'ttft-sent', operator: '<=', bound: 500 }],
    ['tpot<50ms', { of: 'tpot', operator: '<', bound: 50 }],
    ['itl<1s', { of: 'itl', operator: '<', bound: 1000 }],
    ['e2e<1m', { of: 'e2e', operator: '<', bound: 60_000 }],
  ])('%s', (text, expected) => expect(parseLimit(text)).toEqual({ expression: text, ...expected }));

  test.each([
    ['p95<1s', '"p95" is not a time of a request, at character 1'],
    ['ttft>1s', 'one of < <= must follow, at character 5'],
    ['ttft', 'one of < <= must follow, at character 5'],
    ['ttft<1', '"1" needs a unit, for example 1ms or 1s, at character 6'],
  ])('"%s" is refused where it goes wrong', (text, message) => {
    const refused = { exit: 2, message: expect.stringContaining(`--goodput "${text}": ${message}`) };
    expect(() => parseLimit(text)).toThrow(expect.objectContaining(refused));
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
    expect(judge('p50<1s', point(10, 1500, 100))).toEqual({ met: true, observed: '750.0 ms' });
    // Of 98 times of 100 requests, the 50th is above the median of the 98.
    expect(judge('p50<1s')).toEqual({ met: false, observed: '1.50 s' });
    expect(judge('p99<1h')).toEqual({
      met: false,
      observed: 'without end: 2.0 % of the requests did not succeed',
    });
    expect(judge('ok>99%')).toEqual({ met: false, observed: '98.00 %' });
    expect(judge('error-rate<=2%').observed).toBe('2.00 %');
    expect(judge('ok-rps>9')).toEqual({ met: true, observed: '9.8/s' });
    expect(judge('served-rps>9').met).toBe(false);
    expect(judge('ttft_p95<1s')).toEqual({ met: false, observed: 'nothing measured' });
  });

  const slo = parseSlo('p95<2s');
  const good = point(10, 100, 100);
  const invalid = point(50, 9000, 100, { validity: 'invalid: client-limited (x)' });
  const skipped = skippedPoint(3, 100, 'above the knee', '');
  const ofGood = { rate: 10, passed: true, observed: '100.0 ms' };

  test('every point that was offered has to meet a threshold', () => {
    expect(judgeSlo(slo, [good, skipped])).toEqual({ expression: 'p95<2s', passed: true, points: [ofGood] });
    expect(judgeSlo(slo, [good, point(20, 3000, 100)]).passed).toBe(false);
    expect(judgeSlo(slo, [skipped])).toEqual({ expression: 'p95<2s', passed: false, points: [] });
    expect(judgeSlo(slo, [])).toEqual({ expression: 'p95<2s', passed: false, points: [] });
  });

  test('a point that says nothing of the target leaves it open', () => {
    const undecided = [{ rate: 50, why: 'invalid: client-limited (x)' }];
    expect(judgeSlo(slo, [good, invalid])).toEqual({
      expression: 'p95<2s',
      passed: false,
      points: [ofGood],
      undecided,
    });
    expect(judgeSlo(slo, [invalid])).toEqual({ expression: 'p95<2s', passed: false, points: [], undecided });
  });

  test('a point on the backlog of another meets it all the same, and does not miss it', () => {
    const contaminated = 'a probe took 9 s';
    expect(standing(slo, { ...good, contaminated })).toBe('met');
    expect(standing(slo, point(20, 3000, 100, { contaminated }))).toBe('undecided');
    expect(standing(slo, point(20, 3000, 100))).toBe('missed');
    expect(judgeSlo(slo, [good, point(20, 3000, 100, { contaminated })])).toMatchObject({
      passed: false,
      undecided: [{ rate: 20, why: '3.00 s on a contaminated point' }],
    });
  });

  test('one that failed throughout misses every latency objective', () => {
    const { response: _, ...failed } = point(10, 100, 0, { validity: 'failed' });
    expect(judgeSlo(slo, [failed])).toMatchObject({
      passed: false,
      points: [{ passed: false, observed: 'without end: 100.0 % of the requests did not succeed' }],
    });
  });
});
