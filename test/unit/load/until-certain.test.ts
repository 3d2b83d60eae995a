import { describe, expect, test } from 'vitest';
import { expectedRate } from '../../../src/services/load/offered.ts';
import { DOUBT } from '../../../src/services/load/stats/certainty.ts';
import { Samples } from '../../../src/services/load/stats/percentiles.ts';
import { certaintyOf, looksOf, parseUntilCertain } from '../../../src/services/load/stats/until-certain.ts';
import { random } from '../../support/random.ts';

const until = (text: string, maxDurationSeconds = 600) => ({ ...parseUntilCertain(text), maxDurationSeconds });

describe('reading --until-certain', () => {
  test.each([
    ['p99', { metric: 'p99', of: 'e2e', at: 0.99, width: 0.1 }],
    ['p99.9:5%', { metric: 'p99.9', of: 'e2e', at: 0.999, width: 0.05 }],
    ['ttft_p99', { metric: 'ttft_p99', of: 'ttft', at: 0.99, width: 0.1 }],
    [' tpot_p95 : 2.5 % ', { metric: 'tpot_p95', of: 'tpot', at: 0.95, width: 0.025 }],
  ])('%s', (text, expected) => expect(parseUntilCertain(text)).toEqual(expected));

  test.each(['', 'mean', 'max', 'ok', 'itl_p99', 'p99:0%', 'p99:5', 'p99<1s', 'p100', 'ok-rps'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseUntilCertain(text)).toThrow(
        expect.objectContaining({ exit: 2, code: 'until-certain-invalid' }),
      );
    },
  );
});

describe('when a point is looked at', () => {
  test('first when there are twice the requests of a bound, then half as long again, and at its bound', () => {
    // 2 x 459 requests.
    expect(looksOf(until('p99', 60), 100, 5)).toEqual([9.18, 13.8, 20.7, 31, 46.5, 60]);
    expect(looksOf(until('p99', 60), 100, 40)).toEqual([40, 60]);
    expect(looksOf(until('p99', 10), 1, 10)).toEqual([10]);
    expect(looksOf(until('p50', 1000), 1000, 1)).toHaveLength(18);
  });

  test('each look spends its part of the doubt', () => {
    const samples = new Samples();
    // Of 459 there is a bound with 99 % confidence, and none with 99.8 %: that takes 619.
    for (let at = 0; at < 459; at++) samples.add(100 + ((at * 37) % 459) / 459);
    expect(certaintyOf(until('p99'), 1, samples)).toMatchObject({ reached: true, count: 459 });
    expect(certaintyOf(until('p99'), 5, samples)).toEqual({
      ...{ metric: 'p99', width: 0.1, count: 459, reached: false },
      estimate: expect.closeTo(100.99, 1),
    });
    expect(0.99 ** 618).toBeGreaterThan(DOUBT / 5);
    expect(0.99 ** 619).toBeLessThan(DOUBT / 5);
    expect(certaintyOf(until('p99'), 1, new Samples())).toBeUndefined();
  });

  test('ending when it looks well gains nothing: the bound holds 99 times of 100 all the same', () => {
    const next = random(5);
    const rule = until('p95:20%', 100);
    const looks = looksOf(rule, 100, 2);
    const truth = -Math.log(0.05);
    let [held, ended] = [0, 0];
    for (let round = 0; round < 150; round++) {
      const samples = new Samples();
      for (const seconds of looks) {
        while (samples.count < 100 * seconds) samples.add(-Math.log(1 - next()));
        const found = certaintyOf(rule, looks.length, samples);
        if (found?.reached !== true) continue;
        ended++;
        if ((found.upper ?? 0) >= truth) held++;
        break;
      }
    }
    expect(ended).toBe(150);
    expect(held / ended).toBeGreaterThanOrEqual(0.97);
  });
});

test('a closed loop makes as many requests as its answers allow, and is looked at when they are enough', () => {
  expect(expectedRate(8, {})).toBe(8);
  expect(expectedRate(8, { loop: 'closed', probeMs: 500 })).toBe(16);
  expect(expectedRate(8, { loop: 'closed', probeMs: 500, thinkSeconds: 1.5 })).toBe(4);
  const until = { ...parseUntilCertain('p99:5%'), maxDurationSeconds: 3600 };
  const first = (plan: Parameters<typeof expectedRate>[1]) => looksOf(until, expectedRate(8, plan), 10)[0] ?? 0;
  expect(first({ loop: 'closed', probeMs: 2000 }) / first({})).toBeCloseTo(2, 1);
  // Nobody knows: it is looked at as soon as may be.
  expect(first({ loop: 'closed' })).toBe(10);
});
