import { expect, test } from 'vitest';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { differenceInterval, diffRuns, wilson } from '../../../src/services/results/diff.ts';
import { diffText } from '../../../src/services/results/diff-text.ts';
import { pointOf, reportOf } from './fixture.ts';

const options = { tolerance: 0.02, anyTarget: false };
const RATES = [1, 50, 100, 500, 600];
const at = (capacity: number, change: Partial<PointSummary> = {}, rates = RATES) =>
  rates.map((rate, index) => pointOf(index, rate, { capacity, ...(rate === 600 ? { change } : {}) }));

test('the interval of a share, as in Newcombe 1998, table I', () => {
  const [low, high] = wilson(81, 263);
  expect(low).toBeCloseTo(0.2553, 4);
  expect(high).toBeCloseTo(0.3662, 4);
  expect(wilson(0, 20)[0]).toBe(0);
  expect(wilson(0, 20)[1]).toBeCloseTo(0.1611, 4);
  expect(wilson(0, 0)).toEqual([0, 1]);
});

test('the interval of a difference of shares, as in Newcombe 1998, method 10', () => {
  const [low, high] = differenceInterval(48 / 80, wilson(48, 80), 56 / 70, wilson(56, 70));
  expect(low).toBeCloseTo(0.0524, 4);
  expect(high).toBeCloseTo(0.3339, 4);
});

test('better, worse, no difference, not comparable, and rates that only one run has', () => {
  const a = reportOf(at(420));
  const b = reportOf(at(480, { validity: 'invalid: client-limited (98.0 % sent)' }, [50, 100, 500, 600, 700]));
  expect(diffText(diffRuns(a, b, options))).toMatchInlineSnapshot(`
    "A 20260131-095900-aws-chain: http://127.0.0.1:8001/chain
    B 20260131-095900-aws-chain: http://127.0.0.1:8001/chain

    rps ok/s A ok/s B  p50 A  p50 B  p99 A  p99 B B is
     50   50.0   50.0 5.30 s 5.30 s 8.88 s 8.88 s no difference shown
    100    100    100 5.41 s 5.41 s 9.06 s 9.06 s no difference shown
    500    420    480 9.81 s 7.02 s 29.7 s 21.2 s better
    600      -      -      -      -      -      - not comparable

    Differences shown:
      500 rps: goodput better by 60.0/s, +14.3 % (95 %: 54.3/s to 65.8/s)
      500 rps: p50 better by 2.79 s, -28.4 % (95 %: 2.57 s to 3.00 s)
      500 rps: p95 better by 5.29 s, -28.4 % (95 %: 4.46 s to 6.12 s)
      500 rps: p99 better by 8.43 s, -28.4 % (95 %: 6.44 s to 10.4 s)

    Not comparable:
      600 rps: invalid in B: client-limited (98.0 % sent)

    In one run only:
      A: 1 rps
      B: 700 rps

    1 better, 0 worse, 2 without a difference shown, 1 not comparable.
    Shown: the 95 % interval leaves out zero, and the difference is above 2 % of A.
    Of 12 comparisons, about 1 would have such an interval by chance alone.
    "
  `);
  expect(diffRuns(b, a, options).points.map(({ rate, verdict }) => [rate, verdict])).toEqual([
    [50, 'no difference shown'],
    [100, 'no difference shown'],
    [500, 'worse'],
    [600, 'not comparable'],
  ]);
});

test('nothing is compared across targets, durations, timeouts or simulation', () => {
  const a = reportOf(at(420));
  const reasons = [
    { targetUrl: 'http://127.0.0.1:9001/chain' },
    { durationSeconds: 30 },
    { timeoutSeconds: 60 },
    { simulated: true },
  ].map((change) => diffRuns(a, reportOf(at(420), { plan: { ...a.plan, ...change } }), options).points[0]?.reason);
  expect(reasons).toMatchInlineSnapshot(`
    [
      "other target: http://127.0.0.1:8001/chain and http://127.0.0.1:9001/chain",
      "other duration: 10 s and 30 s",
      "other timeout: 180 s and 60 s",
      "only B was simulated",
    ]
  `);
});

test('another address of the same service is compared on request', () => {
  const a = reportOf(at(420));
  const b = reportOf(at(420), { plan: { ...a.plan, targetUrl: 'http://127.0.0.1:9001/chain' } });
  expect(diffRuns(a, b, { ...options, anyTarget: true }).points.map(({ verdict }) => verdict)).toEqual(
    RATES.map(() => 'no difference shown'),
  );
});

test('a difference below the tolerance does not count, however sure it is', () => {
  const sure = (p50: number): PointSummary => {
    const point = pointOf(0, 100);
    const response = { ...point.response, p50, ci: { p50: [p50 - 1, p50 + 1] } } as NonNullable<
      PointSummary['response']
    >;
    return { ...point, response };
  };
  const verdict = (tolerance: number) =>
    diffRuns(reportOf([sure(1000)]), reportOf([sure(1010)]), { ...options, tolerance }).points[0]?.verdict;
  expect([verdict(0.02), verdict(0.005)]).toEqual(['no difference shown', 'worse']);
});

test('a percentile without an interval shows nothing, whatever its value', () => {
  const small = (p99: number): PointSummary => {
    const point = pointOf(0, 1);
    const response = { ...point.response, p99, ci: {} } as NonNullable<PointSummary['response']>;
    return { ...point, response };
  };
  const [point] = diffRuns(reportOf([small(10)]), reportOf([small(9000)]), options).points;
  expect(point?.verdict).toBe('no difference shown');
});
