import { describe, expect, test } from 'vitest';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { Collector } from '../../../src/services/load/stats/collector.ts';
import { coveredSeconds, dueRps, spacingOf } from '../../../src/services/load/stats/due-rate.ts';
import { nearestRank, Samples } from '../../../src/services/load/stats/percentiles.ts';
import { backlogOf, checkConservation, summarizePoint } from '../../../src/services/load/stats/point-summary.ts';
import { judgeValidity, type ValidityInput } from '../../../src/services/load/stats/validity.ts';
import { remarksOf } from '../../../src/services/results/verdict.ts';

describe('percentiles', () => {
  test('nearest rank, exact for any order and number of samples', () => {
    const samples = new Samples();
    expect(samples.summary()).toBeUndefined();
    for (let i = 0; i < 5000; i++) samples.add(((i * 7919) % 5000) + 1);
    const percentiles = { p50: 2500, p90: 4500, p95: 4750, p99: 4950 };
    expect(samples.summary()).toMatchObject({ ...percentiles, mean: 2500.5, min: 1, max: 5000, count: 5000 });
  });

  test('small numbers', () => {
    expect([0.5, 0.9, 0.95, 0.99].map((p) => nearestRank(p, 1))).toEqual([0, 0, 0, 0]);
    expect([0.5, 0.9, 0.95, 0.99].map((p) => nearestRank(p, 20))).toEqual([9, 17, 18, 19]);
  });
});

const none = { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 };

test('conservation: whatever is missing is a bug', () => {
  const good = { scheduled: 10, sent: 8, dropped: 2, outcomes: { ...none, ok: 5, timeout: 2, incomplete: 1 } };
  expect(() => checkConservation(good)).not.toThrow();
  expect(() => checkConservation({ ...good, dropped: 1 })).toThrow(/lost in the accounts/);
  expect(() => checkConservation({ ...good, outcomes: { ...good.outcomes, ok: 4 } })).toThrow(/lost in the accounts/);
});

describe('validity', () => {
  const good: ValidityInput = {
    scheduled: 1000,
    sent: 1000,
    dropped: 0,
    maxInFlight: 100,
    peakInFlight: 50,
    latenessP99: 0.9,
    errorsByClass: {},
    ...{ status: 'complete', outcomes: { ...none, ok: 990, timeout: 10 } },
  };
  const nothing = { ...none, http_error: 1000 };
  const cut = { ...none, incomplete: 1000 };
  const response = { p50: 100, p90: 100, p95: 100, p99: 100 };
  const ttft = { ...response, p50: 40, mean: 40, max: 100, count: 100, ci: {} };
  const streamed = { ttft, outputTokens: 100, outputTokensPerSecond: 10 };

  test.each<[string, Partial<ValidityInput>]>([
    ['valid', { response }],
    ['valid', { latenessP99: 4.9, response }],
    ['invalid: client-limited (lateness p99 5.1 ms, 5.0 ms allowed)', { latenessP99: 5.1, response }],
    [
      'invalid: client-limited (lateness p99 1.1 ms, 1.0 ms allowed)',
      { latenessP99: 1.1, response: { ...response, p50: 5 } },
    ],
    // Streamed, the first token is the shortest time that is shown.
    ['valid', { latenessP99: 1.9, response, stream: streamed }],
    ['invalid: client-limited (lateness p99 2.1 ms, 2.0 ms allowed)', { latenessP99: 2.1, response, stream: streamed }],
    // Nothing succeeded: what failed, failed because of the target.
    ['failed', { latenessP99: 10.3, errorsByClass: { 404: 1000 }, outcomes: nothing }],
    ['failed', { outcomes: cut }],
    ['failed', { status: 'aborted', outcomes: nothing }],
    ['failed', { status: 'interrupted', outcomes: { ...cut, timeout: 1, incomplete: 999 } }],
    // A stop that comes before the first answer says nothing of the target.
    ['invalid: stopped before any request had ended', { status: 'interrupted', outcomes: cut }],
    ['invalid: client-limited (98.9 % of the schedule sent)', { sent: 989, dropped: 11 }],
    ['invalid: client-limited (1 not sent in time)', { sent: 999, dropped: 1 }],
    ['invalid: client-limited (2 dropped at 100 in flight)', { sent: 998, dropped: 2, peakInFlight: 100 }],
    ['invalid: client-limited (a limit of this machine: EMFILE)', { errorsByClass: { EMFILE: 3 } }],
    ['invalid: client-limited (the generator stopped: signal SIGKILL)', { lost: 'signal SIGKILL' }],
    ['invalid: nothing was measured', { scheduled: 0, sent: 0 }],
  ])('%s', (verdict, change) => expect(judgeValidity({ ...good, ...change })).toBe(verdict));
});

test('a point: rates divide by its duration, latency counts from the intended time', () => {
  const collected = new Collector(protocolNamed('raw'));
  const times = { latenessMs: 10, serviceMs: 90 };
  const fine = { outcome: 'ok', class: 'ok', status: 200, error: '' } as const;
  for (let index = 0; index < 8; index++) {
    collected.add({ index, intendedMs: index * 100, ...times, ...fine, host: index % 4 === 0 ? 'b-2' : 'b-1' });
  }
  collected.add({ index: 8, intendedMs: 800, ...times, serviceMs: 3190, ...fine });
  collected.add({ index: 9, intendedMs: 900, ...times, outcome: 'http_error', class: '503', status: 503, error: 'no' });
  const point = summarizePoint(
    {
      index: 0,
      rate: 10,
      startedAt: '',
      durationSeconds: 1,
      status: 'complete',
      scheduled: 10,
      maxInFlight: 100,
      progress: {
        phase: 'drain',
        elapsedMs: 4000,
        sent: 10,
        dropped: 0,
        inFlight: 0,
        peakInFlight: 4,
        newConnections: 4,
        cpuSeconds: 2,
      },
      perRequestCsv: 'x.csv',
      wallSeconds: 4,
    },
    collected,
  );
  expect(point).toMatchObject({
    validity: 'invalid: client-limited (lateness p99 10.0 ms, 5.0 ms allowed)',
    sentRps: 10,
    okRps: 9,
    servedRps: 2.051,
    response: { p50: 100, p99: 3200 },
    service: { p50: 90, p99: 3190 },
    hosts: { 'b-1': 6, 'b-2': 2 },
    errorsByClass: { 503: 1 },
    generatorCores: 0.5,
  });
  expect(Object.keys(point.hosts)).toEqual(['b-1', 'b-2']);
});

describe('a window that is no whole number of gaps', () => {
  /** 25 requests in 2.45 s, at 10 a second, each answered in 50 ms. */
  const pointOf = (spacing?: 'even' | 'drawn') => {
    const collected = new Collector(protocolNamed('raw'));
    for (let index = 0; index < 25; index++) {
      const times = { intendedMs: index * (spacing === 'drawn' ? 98 : 100), latenessMs: 0, serviceMs: 50 };
      const answer = { outcome: 'ok', class: 'ok', status: 200, error: '', figures: { output_tokens: 10 } } as const;
      collected.add({ index, ...times, ...answer });
    }
    const progress = { phase: 'drain', elapsedMs: 2500, sent: 25, dropped: 0, inFlight: 0, ...NO_WORK } as const;
    const facts = { index: 0, rate: 10, startedAt: '', status: 'complete', scheduled: 25, perRequestCsv: '' } as const;
    const more = { durationSeconds: 2.45, maxInFlight: 100, progress, wallSeconds: 3 };
    return summarizePoint({ ...facts, ...more, ...(spacing && { spacing }) }, collected);
  };
  const NO_WORK = { peakInFlight: 1, newConnections: 1, cpuSeconds: 0 };

  test('with even gaps, its rates are those of the schedule', () => {
    const { sentRps, okRps, servedRps, tokens, state } = pointOf('even');
    expect([sentRps, okRps, servedRps, tokens?.outputPerSecond]).toEqual([10, 10, 10, 100]);
    expect(state?.state).toBe('steady');
  });

  test('with drawn ones all came within the window, and it is judged by as many', () => {
    const { sentRps, okRps, state } = pointOf('drawn');
    expect([sentRps, okRps]).toEqual([10.204, 10.204]);
    expect(state?.state).toBe('steady');
    const due = { rate: 10, scheduled: 25, durationSeconds: 2.45 };
    expect(dueRps({ ...due, spacing: 'drawn' })).toBeCloseTo(10.204, 3);
    expect(dueRps({ ...due, spacing: 'even' })).toBe(10);
    expect(coveredSeconds({ ...due, durationSeconds: 2.5, spacing: 'even' })).toBe(2.5);
  });

  test.each([
    [{}, 'even'],
    [{ arrivals: 'constant' }, 'even'],
    [{ arrivals: 'poisson' }, 'drawn'],
    [{ varies: 'trace' }, 'drawn'],
    [{ loop: 'closed' }, undefined],
    [{ turns: 3 }, undefined],
  ])('what comes as %o', (coming, spacing) => {
    expect(spacingOf(coming)).toBe(spacing);
  });
});

describe('successes per second of the window', () => {
  /** 100 requests in 10 s, each answered so many seconds after it was due. */
  const pointOf = (secondsOf: (index: number) => number, carried?: number) => {
    const collected = new Collector(protocolNamed('raw'));
    for (let index = 0; index < 100; index++) {
      const times = { intendedMs: index * 100, latenessMs: 0, serviceMs: 1000 * secondsOf(index) };
      collected.add({ index, ...times, outcome: 'ok', class: 'ok', status: 200, error: '' });
    }
    const progress = { sent: 100, dropped: 0, inFlight: 0, peakInFlight: 9, newConnections: 9, cpuSeconds: 1, carried };
    return summarizePoint(
      {
        ...({ index: 0, rate: 10, startedAt: '', durationSeconds: 10, status: 'complete', scheduled: 100 } as const),
        ...{ maxInFlight: 100, progress: { phase: 'drain', elapsedMs: 10_000, ...progress } as const },
        ...{ perRequestCsv: 'x.csv', wallSeconds: 50 },
      },
      collected,
    );
  };

  test('a backlog that is worked off after the window is no part of it', () => {
    // Two a second: the i-th is answered at (i + 1) / 2 s. 20 in the window, 80 up to 40 s after it.
    const point = pointOf((index) => (index + 1) / 2 - index / 10, 4);
    expect(point).toMatchObject({ okRps: 2.4, okAfterWindow: 80 });
    // Of 100 without the first and last ten: 80 in 40 s.
    expect(point.servedRps).toBeCloseTo(2, 1);
    expect(remarksOf(point)).toContainEqual(
      '80 of 100 successes came after the window: ok/s leaves out 76 that were no part of it',
    );
  });

  test('one that keeps up leaves as many open at the end as there were at the beginning', () => {
    expect(pointOf(() => 2, 20)).toMatchObject({ okRps: 10, okAfterWindow: 19 });
    // Give or take chance, and where nobody knows what was open.
    expect(pointOf(() => 2, 5)).toMatchObject({ okRps: 10, okAfterWindow: 19 });
    expect(pointOf(() => 2)).toMatchObject({ okRps: 10, okAfterWindow: 19 });
    expect(pointOf(() => 0.01, 0)).not.toHaveProperty('okAfterWindow');
    expect(remarksOf(pointOf(() => 2, 20)).join()).not.toContain('after the window');
  });

  test.each([
    [80, 4, 76],
    [9, 0, 0],
    [10, 0, 10],
    [50, 40, 0],
    [80, undefined, 0],
  ])('%i after it, %s open before it: %i are a backlog', (after, carried, backlog) => {
    expect(backlogOf(after, carried)).toBe(backlog);
  });
});

test('what is open when the operator stops a point is not the fault of the target; the texts of failures are kept', () => {
  const collected = new Collector(protocolNamed('chain'));
  const open = { latenessMs: 0, serviceMs: 900, status: 0 } as const;
  const ended = { outcome: 'incomplete', class: 'incomplete', error: 'still open when the drain ended' } as const;
  const late = { outcome: 'timeout', class: 'timeout', error: 'no complete answer within 1 s' } as const;
  const refused = {
    outcome: 'http_error',
    class: '404',
    status: 404,
    error: "HTTP 404 error: model '' not found",
  } as const;
  for (const [index, one] of [ended, ended, late, refused, { ...refused, error: 'HTTP 404: later' }].entries()) {
    collected.add({ index, intendedMs: index * 100, ...open, ...one });
  }
  const progress = { phase: 'drain', elapsedMs: 2000, sent: 5, dropped: 0, inFlight: 0, peakInFlight: 4 } as const;
  const summary = (status: 'complete' | 'interrupted' | 'cut') =>
    summarizePoint(
      {
        ...{ index: 0, rate: 5, startedAt: '', durationSeconds: 1, status, scheduled: 5 },
        ...{ maxInFlight: 100, progress: { ...progress, newConnections: 4, cpuSeconds: 0 } },
        ...{ perRequestCsv: 'x.csv', wallSeconds: 2 },
      },
      collected,
    );
  expect(summary('complete').refusedBy).toEqual({ no_answer: 3, unknown: 1, a: 1 });
  expect(summary('cut').refusedBy).toEqual({ client: 2, no_answer: 1, unknown: 1, a: 1 });
  expect(summary('interrupted').errorTexts).toEqual({ 404: "model '' not found" });
  expect(summary('interrupted').otherTexts).toEqual({
    404: {
      texts: [
        { text: "model '' not found", count: 1 },
        { text: 'later', count: 1 },
      ],
    },
  });
});
