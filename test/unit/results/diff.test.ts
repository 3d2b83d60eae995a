import { describe, expect, test } from 'vitest';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { type ComparedRun, diffRuns } from '../../../src/services/results/diff.ts';
import { differenceInterval, wilson } from '../../../src/services/results/diff-measures.ts';
import { diffText } from '../../../src/services/results/diff-text.ts';
import { diffReports, distribution, pointOf, reportOf } from './fixture.ts';

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
  expect(diffText(diffReports(a, b))).toMatchInlineSnapshot(`
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
    By chance alone 5 % leave it out where nothing differs: of 12 intervals, 0.6.
    "
  `);
  expect(diffReports(b, a).points.map(({ rate, verdict }) => [rate, verdict])).toEqual([
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
  ].map((change) => diffReports(a, reportOf(at(420), { plan: { ...a.plan, ...change } })).points[0]?.reason);
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
  expect(diffReports(a, b, { anyTarget: true }).points.map(({ verdict }) => verdict)).toEqual(
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
    diffReports(reportOf([sure(1000)]), reportOf([sure(1010)]), { tolerance }).points[0]?.verdict;
  expect([verdict(0.02), verdict(0.005)]).toEqual(['no difference shown', 'worse']);
});

test('a percentile without an interval shows nothing, whatever its value', () => {
  const small = (p99: number): PointSummary => {
    const point = pointOf(0, 1);
    const response = { ...point.response, p99, ci: {} } as NonNullable<PointSummary['response']>;
    return { ...point, response };
  };
  const [point] = diffReports(reportOf([small(10)]), reportOf([small(9000)])).points;
  expect(point?.verdict).toBe('no difference shown');
});

describe('runs that asked for different things', () => {
  const run = (settings: Readonly<Record<string, unknown>> | undefined, version = 2, change = {}): ComparedRun => {
    const report = reportOf([pointOf(0, 100), pointOf(1, 200)]);
    return {
      report: { ...report, plan: { ...report.plan, ...change } },
      manifest: { ...(settings && { settings }), ...(version > 1 && { settingsVersion: version }) },
    };
  };
  const options = { tolerance: 0.02, anyTarget: false, anyWorkload: false };
  const reasonOf = (a: ComparedRun, b: ComparedRun) => diffRuns(a, b, options).points[0]?.reason;

  test.each([
    [{ promptSha256: 'a'.repeat(64) }, { promptSha256: 'b'.repeat(64) }, 'prompt aaaaaaaaaaaa and bbbbbbbbbbbb'],
    // Earlier versions wrote the text down.
    [{ template: '{"a":1}' }, { bodySha256: 'b'.repeat(64) }, 'body 015abd7f5cc5 and bbbbbbbbbbbb'],
    [{ arrivals: 'poisson' }, { arrivals: 'constant' }, 'arrivals poisson and constant'],
    [{ stream: true }, { stream: false }, 'stream true and false'],
    [{ requestsPerConnection: 1 }, {}, 'requests per connection 1 and (none)'],
    [{ connectionAgeMs: 1000 }, { connectionAgeMs: 2000 }, 'connection age ms 1000 and 2000'],
    [{ sharedPrefixTokens: 100 }, { sharedPrefixTokens: 0 }, 'shared prefix tokens 100 and 0'],
    [{ model: 'one' }, { model: 'other' }, 'model one and other'],
    // Of a setting that nobody has thought of yet.
    [{ novel: { of: '64-256' } }, {}, 'novel {"of":"64-256"} and (none)'],
    [{ workload: { inputTokens: { kind: 'uniform', min: 64, max: 256 } } }, {}, 'input tokens 64-256 and (none)'],
    [
      { workload: { dataset: { sha256: 'a'.repeat(64), path: '/x' }, tokens: { charactersPerToken: 4 } } },
      { workload: { dataset: { sha256: 'b'.repeat(64), path: '/x' } } },
      'dataset aaaaaaaaaaaa and bbbbbbbbbbbb',
    ],
    [{ stages: [{ seconds: 10, from: 1, to: 9 }] }, {}, 'stages 10s:1-9 and (none)'],
    [{ a: 1, b: 2 }, { a: 2, b: 1 }, 'a 1 and 2; b 2 and 1'],
  ])('%j and %j: %s', (a, b, text) => {
    expect(reasonOf(run(a), run(b))).toBe(`other workload: ${text}`);
    const all = diffRuns(run(a), run(b), { ...options, anyWorkload: true });
    expect(all.points.map(({ verdict }) => verdict)).toEqual(['no difference shown', 'no difference shown']);
    expect(diffText(all)).toContain(`compared all the same: other workload: ${text.split(' ')[0]}`);
  });

  test('the protocol: by its name, or as the path tells it', () => {
    expect(reasonOf(run({}, 2, { api: 'openai-chat' }), run({}, 2, { api: 'raw' }))).toBe(
      'other workload: protocol openai-chat and raw',
    );
    expect(reasonOf(run({}, 2, { api: 'chain' }), run({}))).toBeUndefined();
    const other = { targetUrl: 'http://127.0.0.1:8000/generate' };
    expect(reasonOf(run({}, 2, { ...other, api: 'raw' }), run({}, 2, other))).toBeUndefined();
  });

  test('what says where, when and how it is judged may differ', () => {
    const a = { tag: 'a', seed: 1, outFolder: 'x', slos: [{}], rates: [1], maxInFlight: 3, promptCodePoints: 1000 };
    expect(reasonOf(run(a), run({ tag: 'b', seed: 2 }))).toBeUndefined();
    // A server without a path is asked who it is; with one it is taken for whoever made the API.
    expect(reasonOf(run({ provider: 'vllm' }), run({ provider: 'openai' }))).toBeUndefined();
  });

  test('what an earlier version does not tell is named, and compared', () => {
    const diff = diffRuns(run({ model: 'one', arrivals: 'poisson' }), run({ arrivals: 'poisson' }, 1), options);
    expect(diff.workload).toEqual({ differs: [], unknown: ['model'] });
    expect(diff.points[0]?.verdict).toBe('no difference shown');
    expect(diffText(diff)).toContain('Workload:\n  not told by an earlier version: model');
    // It would have told this one.
    expect(reasonOf(run({ arrivals: 'poisson' }), run({}, 1))).toBe('other workload: arrivals poisson and (none)');
    expect(diffRuns(run(undefined), run({}), options).workload.unknown).toEqual(['all settings of A']);
    expect(diffRuns(run(undefined), run(undefined), options).workload.unknown).toEqual(['all settings of both runs']);
  });

  test('a reason that all rates have is told once', () => {
    const text = diffText(diffRuns(run({ model: 'one' }), run({ model: 'other' }), options));
    expect(text).toContain('Not comparable:\n  all rates: other workload: model one and other\n');
    expect(text.split('other workload')).toHaveLength(2);
  });
});

describe('tokens', () => {
  const streamed = (ttft: number, perSecond: number, change: Partial<PointSummary> = {}): PointSummary => {
    const times = { ttft: distribution(ttft, 1000), itl: distribution(20, 1000), tpot: distribution(21, 1000) };
    return {
      ...pointOf(0, 100),
      stream: { ...times, outputTokens: 10 * perSecond, outputTokensPerSecond: perSecond },
      tokens: {
        prompt: 1,
        output: 10 * perSecond,
        outputPerSecond: perSecond,
        ci: [perSecond * 0.99, perSecond * 1.01],
      },
      ...change,
    };
  };

  test('first token, gaps, time per token and tokens per second are measures', () => {
    const diff = diffReports(reportOf([streamed(100, 2000)]), reportOf([streamed(150, 2200)]));
    const verdicts = Object.fromEntries(
      diff.points[0]?.measures.map(({ measure, verdict }) => [measure, verdict]) ?? [],
    );
    expect(verdicts).toMatchObject({
      ...{
        'ttft p50': 'worse',
        'ttft p99': 'worse',
        'itl p50': 'no difference shown',
        'tpot p50': 'no difference shown',
      },
      ...{ 'tokens/s': 'better', p50: 'no difference shown' },
    });
    expect(diff.points[0]?.verdict).toBe('worse');
    const text = diffText(diff);
    expect(text).toContain('tokens/s better by 200/s, +10.0 % (95 %: 170/s to 230/s)');
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(text).toMatchInlineSnapshot(`
      "A 20260131-095900-aws-chain: http://127.0.0.1:8001/chain
      B 20260131-095900-aws-chain: http://127.0.0.1:8001/chain

      rps ok/s A ok/s B  p50 A  p50 B  p99 A  p99 B B is
      100    100    100 5.41 s 5.41 s 9.06 s 9.06 s worse

      Tokens:
        rps ttft p50        ttft p99        tpot p50         tokens/s
                   A      B        A      B        A       B        A    B
        100   100 ms 150 ms   325 ms 488 ms  21.0 ms 21.0 ms     2000 2200

      Differences shown:
        100 rps: ttft p50 worse by 50.0 ms, +50.0 % (95 %: 43.2 ms to 56.8 ms)
        100 rps: ttft p95 worse by 100 ms, +50.0 % (95 %: 72.6 ms to 127 ms)
        100 rps: ttft p99 worse by 163 ms, +50.0 % (95 %: 95.8 ms to 229 ms)
        100 rps: tokens/s better by 200/s, +10.0 % (95 %: 170/s to 230/s)

      0 better, 1 worse, 0 without a difference shown, 0 not comparable.
      Shown: the 95 % interval leaves out zero, and the difference is above 2 % of A.
      By chance alone 5 % leave it out where nothing differs: of 14 intervals, 0.7.
      "
    `);
  });

  test('good requests, where both runs take the same for good', () => {
    const good = (count: number, limit = 'ttft<1s') => ({
      count,
      share: count / 1000,
      rps: count / 10,
      missed: { [limit]: 1 },
    });
    const a = reportOf([streamed(100, 2000, { good: good(990) })]);
    const measureOf = (count: number, limit?: string) =>
      diffReports(a, reportOf([streamed(100, 2000, { good: good(count, limit) })])).points[0]?.measures.find(
        ({ measure }) => measure === 'good',
      );
    expect(measureOf(900)).toMatchObject({ a: 99, b: 90, verdict: 'worse' });
    expect(measureOf(985)).toMatchObject({ verdict: 'no difference shown' });
    expect(measureOf(900, 'ttft<2s')).toBeUndefined();
  });
});

describe('what is said where runs differ as a whole', () => {
  const plan = reportOf(at(420)).plan;

  test('a closed loop and an open one, though they have no number in common', () => {
    const open = reportOf([pointOf(0, 30, { capacity: 420 })]);
    const closed = reportOf([pointOf(0, 8, { capacity: 420 })], { plan: { ...plan, loop: 'closed' as const } });
    const text = diffText(diffReports(open, closed));
    expect(text).toContain('all rates: only B was a closed loop');
    expect(text).toContain('  A: 30 rps\n  B: 8 concurrent\n');
    expect(diffReports(open, closed)).toMatchObject({ reason: expect.stringContaining('only B was a closed loop') });
  });

  test('what else ends points, and the way to the target', () => {
    const untilCertain = { metric: 'p99', width: 0.1, maxDurationSeconds: 600 };
    const reasonOf = (change: object) =>
      diffReports(reportOf(at(420)), reportOf(at(420), { plan: { ...plan, ...change } })).reason;
    expect(reasonOf({ requests: 100 })).toBe('other number of requests: no bound and 100');
    expect(reasonOf({ untilCertain })).toBe('other --until-certain: (none) and p99:10% within 600 s');
    expect(reasonOf({})).toBeUndefined();
    const of = (proxy?: string) => ({
      report: reportOf(at(420)),
      manifest: { settings: {}, settingsVersion: 2, proxy },
    });
    const options = { tolerance: 0.02, anyTarget: false, anyWorkload: false };
    expect(diffRuns(of(), of('http://p:3128/'), options).reason).toBe(
      'other way to the target: through the proxy (none) and http://p:3128/',
    );
    expect(diffRuns(of(), of('http://p:3128/'), { ...options, anyTarget: true }).reason).toBeUndefined();
  });

  test('a figure without an interval is marked: it is not compared', () => {
    const closed = { plan: { ...plan, loop: 'closed' as const } };
    const points = [pointOf(0, 8, { capacity: 420, change: { loop: 'closed' as const } })];
    const text = diffText(diffReports(reportOf(points, closed), reportOf(points, closed)));
    expect(text).toMatch(/~\d/);
    expect(text).toContain('~: not compared: too few answers for an interval, or the rate of a closed loop.');
  });
});
