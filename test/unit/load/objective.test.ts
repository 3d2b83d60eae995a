import { describe, expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { Collector } from '../../../src/services/load/stats/collector.ts';
import { parseLimit, parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { standing } from '../../../src/services/load/stats/objective.ts';
import { summarizePoint } from '../../../src/services/load/stats/point-summary.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';

const OK = { outcome: 'ok', class: 'ok', status: 200, error: '' } as const;
const TIMEOUT = { outcome: 'timeout', class: 'timeout', status: 0, error: 'no complete answer' } as const;

/** A streamed answer: lateness 1 ms, first token after `first`, then a token after each gap. */
function streamed(first: number, gaps: readonly number[]): Partial<RequestRecord> {
  const took = gaps.reduce((sum, gap) => sum + gap, 0);
  const tpot = gaps.length === 0 ? {} : { tpot_ms: took / gaps.length };
  const figures = { output_tokens: gaps.length + 1 };
  return { ...OK, serviceMs: first + took, ttft_ms: first, itl_ms: gaps, ...tpot, figures };
}

function pointOf(
  records: readonly Partial<RequestRecord>[],
  { slo = [], goodput = [], scheduled = records.length }: { slo?: string[]; goodput?: string[]; scheduled?: number },
): PointSummary {
  const collected = new Collector(protocolNamed('raw'), {
    criteria: slo.map(parseSlo),
    limits: goodput.map(parseLimit),
  });
  for (const [index, record] of records.entries()) {
    collected.add({ index, intendedMs: index * 10, latenessMs: 1, serviceMs: 100, ...OK, ...record });
  }
  const progress = {
    ...({ phase: 'drain', elapsedMs: 0, sent: records.length, dropped: scheduled - records.length } as const),
    ...{ inFlight: 0, peakInFlight: 1, newConnections: 1, cpuSeconds: 0 },
  };
  return summarizePoint(
    {
      ...({ index: 0, rate: 10, startedAt: '', status: 'complete', scheduled, perRequestCsv: '' } as const),
      ...{ durationSeconds: 10, maxInFlight: 1000, progress, wallSeconds: 10 },
    },
    collected,
  );
}

const repeated = (count: number, record: Partial<RequestRecord>) => Array.from({ length: count }, () => record);

describe('objectives are judged over all requests', () => {
  test('one in ten that hangs: 90 % are fast, and p95 is not', () => {
    const point = pointOf([...repeated(90, { serviceMs: 99 }), ...repeated(10, TIMEOUT)], {
      slo: ['p95<1s', 'p90<1s', 'p90.1<1s', 'mean<1s', 'max<1s', 'ok>=90%', 'error-rate<=10%'],
    });
    expect(point.objectives?.map(({ met, observed }) => [met, observed])).toEqual([
      [false, 'without end: 10.0 % of the requests did not succeed'],
      [true, '100.0 ms'],
      [false, 'without end: 10.0 % of the requests did not succeed'],
      [false, 'without end: 10.0 % of the requests did not succeed'],
      [false, 'without end: 10.0 % of the requests did not succeed'],
      [true, '90.00 %'],
      [true, '10.00 %'],
    ]);
    // The tables' own percentile is of the successes.
    expect(point.response?.p95).toBe(100);
  });

  test('percentiles of any kind by nearest rank', () => {
    const point = pointOf(
      Array.from({ length: 1000 }, (_, at) => ({ serviceMs: (at * 7919) % 1000 })),
      { slo: ['p99.9<1s', 'p99.9<999ms', 'p12.5<1s', 'p99.99<1001ms'] },
    );
    // Lateness adds a millisecond to 0 ... 999.
    expect(point.objectives?.map(({ met, observed }) => [met, observed])).toEqual([
      [true, '999.0 ms'],
      [false, '999.0 ms'],
      [true, '125.0 ms'],
      [true, '1.00 s'],
    ]);
  });

  test('tokens: a request that failed came to no first token, and its gaps never ended', () => {
    const answers = repeated(8, streamed(50, [10, 10, 30, 10]));
    const slo = ['ttft_p80<100ms', 'ttft_p81<100ms', 'ttft-sent_p50<51ms', 'itl_p80<31ms', 'itl_p81<31ms'];
    const point = pointOf([...answers, ...repeated(2, TIMEOUT)], { slo: [...slo, 'tpot_p50<16ms', 'tpot_p95<16ms'] });
    expect(point.objectives?.map(({ met, observed }) => [met, observed.slice(0, 11)])).toEqual([
      [true, '51.0 ms'],
      [false, 'without end'],
      [true, '50.0 ms'],
      // Eight answers of four gaps, and two that failed with four each: 32 of 40.
      [true, '30.0 ms'],
      [false, 'without end'],
      [true, '15.0 ms'],
      [false, 'without end'],
    ]);
    expect(point.objectives?.[3]).toMatchObject({ within: 32, of: 40, needed: 0.8 });
  });

  test('an answer without a token misses the first token; of one token there is no gap and no time per token', () => {
    const none = { ...OK, serviceMs: 5 };
    const point = pointOf(
      [...repeated(5, streamed(50, [])), ...repeated(5, none), ...repeated(10, streamed(50, [10]))],
      {
        slo: ['ttft_p75<1s', 'ttft_p76<1s', 'tpot_p99<11ms', 'itl_p99<11ms'],
      },
    );
    expect(point.objectives?.map(({ met }) => met)).toEqual([true, false, true, true]);
  });

  test('where nothing succeeded, no token ever came', () => {
    const [figure] = pointOf(repeated(3, TIMEOUT), { slo: ['ttft_p50<1s'] }).objectives ?? [];
    expect(figure).toMatchObject({ met: false, observed: 'without end: 100.0 % of the requests did not succeed' });
  });

  test('what is not streamed has no tokens to judge', () => {
    const point = pointOf(repeated(5, {}), { slo: ['ttft_p50<1s'] });
    expect(point.objectives).toEqual([{ expression: 'ttft_p50<1s', met: false, observed: 'nothing measured' }]);
  });
});

describe('goodput', () => {
  test('good is ok and every limit kept; per limit, how many missed it', () => {
    const records = [
      ...repeated(6, streamed(50, [10, 10])),
      ...repeated(2, streamed(600, [10])),
      streamed(50, [300, 10]),
      streamed(50, []),
      { ...OK, serviceMs: 20 },
      TIMEOUT,
    ];
    const goodput = ['ttft<500ms', 'itl<=300ms', 'tpot<100ms', 'e2e<1s'];
    const point = pointOf(records, { goodput, slo: ['good>=58%', 'good>=59%', 'good-rps>=0.7', 'good-rps>0.7'] });
    // The six, and the one with a single token. 310 ms over two gaps are 155 ms a token.
    expect(point.good).toEqual({
      ...{ count: 7, share: 0.583333, rps: 0.7 },
      missed: { 'ttft<500ms': 4, 'itl<=300ms': 1, 'tpot<100ms': 2, 'e2e<1s': 1 },
    });
    expect(point.objectives?.map(({ met }) => met)).toEqual([true, false, true, false]);
  });

  test('what was dropped here is not good', () => {
    const point = pointOf(repeated(9, {}), { goodput: ['e2e<1s'], scheduled: 10 });
    expect(point.good).toEqual({ count: 9, share: 0.9, rps: 0.9, missed: { 'e2e<1s': 1 } });
  });

  test('without limits nothing is counted', () => expect(pointOf([{}], {})).not.toHaveProperty('good'));
});

describe('certainly', () => {
  const slo = parseSlo('p95<1s');
  const of = (fast: number, slow: number) =>
    pointOf(
      Array.from({ length: fast + slow }, (_, at) => ({ serviceMs: (at * 7919) % (fast + slow) < fast ? 10 : 5000 })),
      { slo: ['p95<1s'] },
    );

  test('met and missed where the bounds of the true share say so', () => {
    // Clopper and Pearson, one-sided 99 %: 90 of 90 are at least 95.01 %; 89 of 89 are not.
    expect(of(90, 0).objectives?.[0]?.share?.[0]).toBeCloseTo(0.01 ** (1 / 90), 5);
    expect(of(90, 0).objectives?.[0]?.share?.[1]).toBe(1);
    expect(standing(slo, of(90, 0), true)).toBe('met');
    expect(standing(slo, of(89, 0), true)).toBe('undecided');
    expect(standing(slo, of(89, 0))).toBe('met');
    expect(standing(slo, of(980, 20), true)).toBe('met');
    expect(standing(slo, of(930, 70), true)).toBe('missed');
    expect(standing(slo, of(945, 55), true)).toBe('undecided');
    expect(standing(slo, of(945, 55))).toBe('missed');
  });

  test('slow ones that come together count as fewer', () => {
    const together = pointOf(
      Array.from({ length: 1000 }, (_, at) => ({ serviceMs: at >= 700 && at < 720 ? 5000 : 10 })),
      { slo: ['p95<1s'] },
    );
    expect(together.objectives?.[0]).toMatchObject({ met: true, within: 980, of: 1000 });
    expect(standing(slo, together, true)).toBe('undecided');
  });
});
