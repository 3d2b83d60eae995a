import { expect, test } from 'vitest';
import type { PointSummary, SweepReport } from '../../../src/services/load/types.ts';
import { sweepText } from '../../../src/services/results/sweep-table.ts';
import { ladder } from './fixture.ts';

const latency = (ms: number) => ({
  ...{ p50: ms, p90: ms * 1.5, p95: ms * 2, p99: ms * 3.25, mean: ms * 1.1 },
  ...{ max: ms * 4, count: 100, ci: {} },
});

const good: PointSummary = {
  ...{ index: 0, rate: 1, status: 'complete', validity: 'valid', durationSeconds: 10, startedAt: '' },
  ...{ scheduled: 10, sent: 10, dropped: 0, errorsByClass: {}, sentRps: 1, okRps: 1, servedRps: 0.98 },
  outcomes: { ok: 10, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 },
  ...{ response: latency(5240.3), lateness: latency(0.2), service: latency(5240) },
  hosts: { 'b-1': 4, 'b-2': 3, 'b-3': 3 },
  ...{ peakInFlight: 6, newConnections: 6, generatorCores: 0.03, perRequestCsv: 'results/aws_chain_rps1.csv' },
};

const busy: PointSummary = {
  ...good,
  ...{ index: 1, rate: 1000, scheduled: 10_000, sent: 9800, dropped: 200, sentRps: 980, okRps: 15.2, servedRps: 1.71 },
  outcomes: { ok: 152, http_error: 8000, transport_error: 48, timeout: 1600, invalid: 0, incomplete: 0 },
  errorsByClass: { 503: 8000, timeout: 1600, ECONNRESET: 48 },
  validity: 'invalid: client-limited (200 dropped at 9800 in flight; 98.0 % of the schedule sent)',
  response: latency(61_000),
  hosts: { 'b-1': 100, 'b-2\u001b[31m': 52 },
  ...{ peakInFlight: 9800, perRequestCsv: 'results/aws_chain_rps1000.csv' },
};

const { response: _response, ...unanswered } = good;
const refused: PointSummary = {
  ...unanswered,
  ...{ index: 1, rate: 0.5, status: 'interrupted', durationSeconds: 3.2, sent: 2, scheduled: 2, hosts: {} },
  ...{ sentRps: 0.625, okRps: 0, servedRps: 0, perRequestCsv: 'results/aws_chain_rps0.5.csv' },
  outcomes: { ...good.outcomes, ok: 0, transport_error: 2 },
  errorsByClass: { ECONNREFUSED: 2 },
};

function report(points: readonly PointSummary[], change: Partial<SweepReport> = {}): SweepReport {
  return {
    plan: {
      ...{ runId: 'r', tag: 'aws', targetUrl: 'http://127.0.0.1:8001/chain', simulated: false },
      ...{ rates: [1, 1000], durationSeconds: 10, warmupSeconds: 2, timeoutSeconds: 180, drainSeconds: 120 },
      ...{ totalRequests: 10_010, warmupRequests: 2002, maxInFlight: 9800, estimateSeconds: 24 },
    },
    points,
    status: 'complete',
    summaryCsv: 'results/aws_summary.csv',
    runFolder: 'results/20260131-095900-aws-chain',
    ...change,
  };
}

function linesWithin(text: string, columns: number): string {
  for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
  expect(text).not.toMatch(/\u001b/);
  return text;
}

test('80 columns: one row per point, errors below the table', () => {
  expect(linesWithin(sweepText(report([good, busy]), 80), 80)).toMatchInlineSnapshot(`
    "aws: http://127.0.0.1:8001/chain

       rps sent/s ok/s served/s  ok errors   p50   p90    p95     p99 verdict
         1   1.00 1.00     0.98  10      0  5.24  7.86  10.48  ~17.03 valid
    ! 1000    980 15.2     1.71 152   9648 61.00 91.50 122.00 ~198.25 invalid
    p50 to p99: response time of successes in seconds, from the intended time.
    ~: too few independent answers for a 99 % bound (p99: 459 or more).
    sent/s, ok/s: per second of the point. served/s: first and last tenth left out.

    Errors:
      1000 rps: 503 x 8000, timeout x 1600, ECONNRESET x 48

    Totals, and response times of successes in seconds:
       rps seconds sent min  mean    max
         1      10   10   -  5.76  20.96
      1000      10 9800   - 67.10 244.00
       all      20 9810

    Remarks:
      ! 1000 rps: invalid: client-limited (200 dropped at 9800 in flight; 98.0 % of
        the schedule sent)

    Answers by host:
      host     answers  share
      b-1          104 64.2 %
      b-2?[31m      52 32.1 %
      b-2            3  1.9 %
      b-3            3  1.9 %

    summary   results/aws_summary.csv
    requests  results/aws_chain_rps*.csv
    run       results/20260131-095900-aws-chain
    "
  `);
});

test('a wide terminal: errors and the generator in the table', () => {
  expect(linesWithin(sweepText(report([good, busy]), 140), 140)).toMatchInlineSnapshot(`
    "aws: http://127.0.0.1:8001/chain

       rps sent/s ok/s served/s  ok errors   p50   p90    p95     p99 verdict late p99 ms in flight errors by class
         1   1.00 1.00     0.98  10      0  5.24  7.86  10.48  ~17.03 valid          0.65         6 -
    ! 1000    980 15.2     1.71 152   9648 61.00 91.50 122.00 ~198.25 invalid        0.65      9800 503 x 8000, timeout x 1600, ECONNRESET x 48
    p50 to p99: response time of successes in seconds, from the intended time.
    ~: too few independent answers for a 99 % bound (p99: 459 or more).
    sent/s, ok/s: per second of the point. served/s: first and last tenth left out.

    Totals, and response times of successes in seconds:
       rps seconds sent min  mean    max
         1      10   10   -  5.76  20.96
      1000      10 9800   - 67.10 244.00
       all      20 9810

    Remarks:
      ! 1000 rps: invalid: client-limited (200 dropped at 9800 in flight; 98.0 % of the schedule sent)

    Answers by host:
      host     answers  share
      b-1          104 64.2 %
      b-2?[31m      52 32.1 %
      b-2            3  1.9 %
      b-3            3  1.9 %

    summary   results/aws_summary.csv
    requests  results/aws_chain_rps*.csv
    run       results/20260131-095900-aws-chain
    "
  `);
});

test('an interrupted run says how much of it there is, how it goes on, and blames nobody for what was cut off', () => {
  const { plan } = report([]);
  const cut: PointSummary = {
    ...{ ...good, status: 'interrupted', errorsByClass: { incomplete: 14 }, refusedBy: { client: 15, b: 1 } },
    outcomes: { ...good.outcomes, incomplete: 14, http_error: 2 },
  };
  const search = { low: 1, high: 9, maxPoints: 12 };
  const text = sweepText(report([cut], { plan: { ...plan, search }, status: 'interrupted' }), 120);
  expect(text).toContain('Interrupted: 1 of at most 12 points were begun, and what they measured is kept.\n');
  expect(text).toContain('It goes on with: chainctl load --resume results/20260131-095900-aws-chain\n');
  expect(text).toContain('1 rps: cut off when the point was stopped x 14, this machine x 1, B x 1\n');
  expect(sweepText(report([{ ...cut, status: 'complete' }]), 120)).toContain('this machine x 15, B x 1');
  const odd = { status: 'interrupted', runFolder: "/my runs/it's" } as const;
  expect(sweepText(report([cut], odd), 120)).toContain(`chainctl load --resume '/my runs/it'\\''s'\n`);
  const aborted = sweepText(report([cut], { ...odd, abortedBy: 'error-rate=50%' }), 120);
  expect(aborted).not.toContain('--resume');
  expect(aborted).toMatch(
    /^Ended by --abort-on error-rate=50%\. \d+ of \d+ points were begun, and what they measured is kept\.$/m,
  );
  const elastic = { low: 1, high: 9, maxPoints: 60, group: 'b' };
  expect(sweepText(report([cut], { ...odd, plan: { ...plan, elastic } }), 120)).not.toContain('--resume');
});

test('simulated and interrupted', () => {
  const { plan } = report([]);
  const change = { plan: { ...plan, simulated: true }, status: 'interrupted' } as const;
  expect(sweepText(report([{ ...good, response: latency(52.31) }, refused], change), 80)).toMatchInlineSnapshot(`
    "aws: http://127.0.0.1:8001/chain (SIMULATED engine: these figures say nothing
      about a real model)

      rps window s sent/s ok/s served/s ok errors  p50  p90   p95    p99 verdict
        1       10   1.00 1.00     0.98 10      0 52.3 78.5 104.6 ~170.0 valid
    ! 0.5      3.2  0.625    0        0  0      2    -    -     -      - interrupted
    p50 to p99: response time of successes in milliseconds, from the intended time.
    ~: too few independent answers for a 99 % bound (p99: 459 or more).
    sent/s, ok/s: per second of the point. served/s: first and last tenth left out.

    Errors:
      0.5 rps: ECONNREFUSED x 2

    Totals, and response times of successes in milliseconds:
      rps seconds sent min mean   max
        1      10   10   - 57.5 209.2
      0.5     3.2    2   -    -     -
      all    13.2   12

    Remarks:
      ! 0.5 rps: interrupted after 3.2 s
      0.5 rps: failed: all 2 requests ended with ECONNREFUSED

    Answers by host:
      host answers  share
      b-1        4 40.0 %
      b-2        3 30.0 %
      b-3        3 30.0 %

    Interrupted: 2 of 2 points were begun, and what they measured is kept.
    It goes on with: chainctl load --resume results/20260131-095900-aws-chain
    summary   results/aws_summary.csv
    requests  results/aws_chain_rps*.csv
    run       results/20260131-095900-aws-chain
    "
  `);
});

test('ended by a condition: it says which, and does not go on', () => {
  const text = sweepText(report([good], { status: 'interrupted', abortedBy: 'error-rate=20%: 75 % after 0.3 s' }), 120);
  expect(text).toContain(
    'Ended by --abort-on error-rate=20%: 75 % after 0.3 s. 1 of 2 points were begun, and what they measured is kept.\nsummary',
  );
});

test('a run that is looked at from another folder: its files are named from there', () => {
  const change = {
    summaryCsv: '../lab/results/aws_summary.csv',
    runFolder: '../lab/results/20260131-095900-aws-chain',
  };
  expect(sweepText(report([good, refused], change), 80)).toContain('\nrequests  ../lab/results/aws_chain_rps*.csv\n');
});

test('ended by a full disk before anything was measured', () => {
  const problem = 'cannot write results/x.csv: ENOSPC: no space left on device, write';
  expect(sweepText(report([], { status: 'interrupted', problem }), 80)).toMatchInlineSnapshot(`
    "aws: http://127.0.0.1:8001/chain

    No point was measured.

    Ended early: cannot write results/x.csv: ENOSPC: no space left on device, write.
      What was measured until then is kept.
    It goes on with: chainctl load --resume results/20260131-095900-aws-chain
    summary   results/aws_summary.csv
    run       results/20260131-095900-aws-chain
    "
  `);
});

test('everything a point can say, within 80 columns', () => {
  expect(linesWithin(sweepText(ladder(), 80), 80)).toMatchInlineSnapshot(`
    "aws: http://127.0.0.1:8001/chain

      rps sent/s ok/s served/s   ok errors   p50   p90   p95   p99 verdict
        1   1.00 1.00     0.96   10      0  5.20 ~5.98 ~6.76 ~8.71 steady
       10   10.0 10.0     9.60  100      0  5.22  6.00  6.79 ~8.74 steady
       50   50.0 50.0     48.0  500      0  5.30  6.10  6.90  8.88 steady
      100    100  100     96.0 1000      0  5.41  6.22  7.03  9.06 steady
      200    200  200      192 2000      0  5.62  6.46  7.30  9.41 steady
      300    300  300      288 3000      0  5.82  6.70  7.57  9.76 steady
      400    400  400      384 4000      0  6.03  6.94  7.84 10.10 steady
      500    500  420      403 4200    800  9.81 14.22 18.63 29.66 overloaded
    ! 600    600  420      403 4200   1800 14.74 21.37 28.00 44.58 contaminated
      700    700  420      403 4200   2800 19.97 28.95 37.94 60.40 overloaded
      800    800  420      403 4200   3800 25.49 36.97 48.44 77.12 overloaded
    ! 900    900  420      403 4200   4800 31.32 45.41 59.51 94.74 invalid
     1000      -    -        -    -      -     -     -     -     - skipped
    p50 to p99: response time of successes in seconds, from the intended time.
    ~: too few independent answers for a 99 % bound (p99: 459 or more).
    sent/s, ok/s: per second of the point. served/s: first and last tenth left out.

    Knee: 400 rps is the highest rate that was sustained; 500 rps was not sustained.
    SLO p95<9s: FAILED at 500 rps (18.63 s), 600 rps (28.00 s)
    SLO ok>10%: passed at every point (1)

    Errors:
      500 rps: 503 x 800
      600 rps: 503 x 1800
      700 rps: 503 x 2800
      800 rps: 503 x 3800
      900 rps: 503 x 4800

    Refused or failed at:
      500 rps: the load balancer x 799, B x 1
      600 rps: the load balancer x 1799, B x 1
      700 rps: the load balancer x 2799, B x 1
      800 rps: the load balancer x 3799, B x 1
      900 rps: the load balancer x 4799, B x 1

    Totals, and response times of successes in seconds:
      rps seconds  sent   min  mean    max
        1      10    10  2.60  5.72   9.88
       10      10   100  2.61  5.74   9.92
       50      10   500  2.65  5.83  10.08
      100      10  1000  2.70  5.95  10.28
      200      10  2000  2.81  6.18  10.67
      300      10  3000  2.91  6.41  11.07
      400      10  4000  3.02  6.64  11.46
      500      10  5000  4.90 10.79  36.28
      600      10  6000  7.37 16.21  54.53
      700      10  7000  9.98 21.96  73.88
      800      10  8000 12.75 28.04  94.33
      900      10  9000 15.66 34.45 115.88
      all     120 45610

    Where the mean response time went, seconds:
          client    A's            B's   B's
      rps   wait engine network engine  wait   sum answers
        1   0.00   0.40    0.01   0.70  4.61  5.72      10
       10   0.00   0.40    0.01   0.70  4.63  5.74     100
       50   0.00   0.40    0.01   0.70  4.72  5.83     500
      100   0.00   0.40    0.01   0.70  4.84  5.95    1000
      200   0.00   0.40    0.01   0.70  5.07  6.18    2000
      300   0.00   0.40    0.01   0.70  5.29  6.41    3000
      400   0.00   0.40    0.01   0.70  5.52  6.64    4000
      500   0.00   0.40    0.18   0.70  9.50 10.79    4200
      600   0.00   0.40    0.40   0.70 14.71 16.21    4200
      700   0.00   0.40    0.61   0.70 20.25 21.96    4200
      800   0.00   0.40    0.83   0.70 26.12 28.04    4200
      900   0.00   0.40    1.04   0.70 32.31 34.45    4200

    Remarks:
      500 rps: overloaded: requests in flight grew by 80 a second
      ! 600 rps: contaminated: the probe still took 9.1 s after 60 s of waiting
      600 rps: overloaded: requests in flight grew by 80 a second
      700 rps: overloaded: requests in flight grew by 80 a second
      800 rps: overloaded: requests in flight grew by 80 a second
      ! 900 rps: invalid: client-limited (200 dropped at 9800 in flight; 98.0 % of
        the schedule sent)
      900 rps: overloaded: requests in flight grew by 80 a second
      1000 rps: skipped: above the knee

    Answers by host:
      host answers  share
      b-1    12644 40.0 %
      b-2    11064 35.0 %
      b-3     7903 25.0 %
      least even at 1 rps: Jain's index 0.966, largest by smallest share 1.6

    summary   results/aws_summary.csv
    requests  results/aws_chain_rps*.csv
    run       results/20260131-095900-aws-chain
    "
  `);
});
