import { describe, expect, test } from 'vitest';
import { profileOf } from '../../../src/services/load/profiles/profiles.ts';
import { DOUBT } from '../../../src/services/load/stats/certainty.ts';
import { Samples } from '../../../src/services/load/stats/percentiles.ts';
import {
  certaintyOf,
  leastSeconds,
  looksOf,
  openRequests,
  parseUntilCertain,
  requestRate,
} from '../../../src/services/load/stats/until-certain.ts';
import { certaintyNotes } from '../../../src/services/load/sweep/certainty-notes.ts';
import { planNotes, planSweep } from '../../../src/services/load/sweep/sweep-plan.ts';
import type { SweepPlan } from '../../../src/services/load/types.ts';
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

  test('from the beginning in a closed loop, whose rate the answers decide; sessions make a request of each turn', () => {
    const looks = looksOf(until('p99', 600), requestRate(1, { loop: 'closed' }), 10);
    expect(looks.slice(0, 3)).toEqual([10, 15, 22.5]);
    expect(looks).toHaveLength(11);
    expect(looksOf(until('p99', 60), requestRate(10, { turns: 10 }), 5)[0]).toBe(9.18);
  });

  test('what is not known is not warned of', () => {
    const untilCertain = { metric: 'p99', width: 0.1, maxDurationSeconds: 60 };
    const base = { rates: [1], durationSeconds: 10, warmupSeconds: 0, untilCertain } as unknown as SweepPlan;
    const levels = (more: Partial<SweepPlan>) => certaintyNotes({ ...base, ...more }).map(({ level }) => level);
    expect(levels({})).toEqual(['info', 'warn']);
    expect(levels({ loop: 'closed' })).toEqual(['info']);
    expect(levels({ turns: 20 })).toEqual(['info']);
  });

  test('each look spends its part of the doubt', () => {
    const samples = new Samples();
    // Of 459 there is a bound with 99 % confidence, and none with 99.8 %: that takes 619.
    for (let at = 0; at < 459; at++) samples.add(100 + ((at * 37) % 459) / 459);
    expect(certaintyOf(until('p99'), 1, samples)).toMatchObject({ reached: true, count: 459 });
    expect(certaintyOf(until('p99'), 5, samples)).toEqual({
      ...{ metric: 'p99', width: 0.1, count: 459, reached: false, share: 1 },
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

describe('what is still open when a point ends', () => {
  test('slow are those that are open for longer than nearly all take, and what chance makes of the others', () => {
    // None sent lately: all are older than nearly all answers take.
    expect(openRequests(0.99, 3, { sent: 0, ended: 0 })).toEqual({ count: 3, slow: 3 });
    // Of 500 sent lately 5 are slow, and 13 or more once in a thousand times.
    expect(openRequests(0.99, 200, { sent: 500, ended: 300 })).toEqual({ count: 200, slow: 13 });
    expect(openRequests(0.99, 210, { sent: 500, ended: 300 })).toEqual({ count: 210, slow: 23 });
    expect(openRequests(0.5, 1, { sent: 4, ended: 3 })).toEqual({ count: 1, slow: 1 });
  });

  test('a point does not end while they may undo it', () => {
    const samples = new Samples();
    for (let at = 0; at < 1000; at++) samples.add(100 + ((at * 377) % 1000) / 100);
    const slow = (count: number) => certaintyOf(until('p99'), 1, samples, 1, { count, slow: count })?.reached;
    // Of 1003, 10 are above the p99, and with 99 % confidence 3: with 3 that never end, the bound is the slowest.
    expect([0, 1, 2, 3, 4].map(slow)).toEqual([true, true, true, true, false]);
  });

  test('what ended a point is so when its last answers are there', () => {
    const next = random(11);
    const rule = until('p95:20%', 100);
    const looks = looksOf(rule, 100, 2);
    const truth = -Math.log(0.05);
    let [held, ended, stayed] = [0, 0, 0];
    for (let round = 0; round < 150; round++) {
      // 100 requests a second, whose answers take a second in the mean.
      const times = Array.from({ length: 10_000 }, () => -Math.log(1 - next()));
      for (const seconds of looks.slice(0, -1)) {
        const sent = times.slice(0, Math.floor(100 * seconds));
        const isOver = (ms: number, at: number) => at / 100 + ms <= seconds;
        const over = new Samples();
        for (const [at, ms] of sent.entries()) if (isOver(ms, at)) over.add(ms);
        const longest = over.bound(0.95, 1)?.estimate ?? 0;
        const from = Math.max(0, Math.ceil(100 * (seconds - longest)));
        const lately = {
          sent: sent.length - from,
          ended: sent.filter((ms, at) => at >= from && isOver(ms, at)).length,
        };
        const open = openRequests(0.95, sent.length - over.count, lately);
        const found = certaintyOf(rule, looks.length, over, undefined, open);
        if (found?.reached !== true) continue;
        ended++;
        const all = new Samples();
        for (const ms of sent) all.add(ms);
        const final = certaintyOf(rule, looks.length, all, found.share);
        if (final?.reached === true) stayed++;
        if ((final?.upper ?? 0) >= truth) held++;
        break;
      }
    }
    expect(ended).toBeGreaterThan(140);
    expect(stayed).toBe(ended);
    expect(held / ended).toBeGreaterThanOrEqual(0.97);
  });
});

test('a plan names one length of its points: from the first look on, and as many requests', () => {
  const settings = { targetUrl: 'http://h/chain', tag: 't', rates: [10, 40], durationSeconds: 5, warmupSeconds: 1 };
  const times = { timeoutSeconds: 30, drainSeconds: 30 };
  const known = { runId: 'r', simulated: false, maxInFlight: 100, probeMs: 20 };
  const untilCertain = { metric: 'p99', width: 0.1, maxDurationSeconds: 600 };
  const plan = planSweep({ ...settings, ...times }, known, undefined, { untilCertain });
  expect([leastSeconds(untilCertain, 10, plan), leastSeconds(untilCertain, 40, plan)]).toEqual([91.8, 22.9]);
  expect(plan.totalRequests).toBe(918 + 916);
  expect(plan.estimateSeconds).toBeCloseTo(91.8 + 22.9 + 2 * 1 + 3 * 0.02, 6);
  expect(profileOf(plan).describe(plan)).toContain(
    '22.9 s to 10m 00s each after 1 s of warm-up, at least 1,834 requests, about 1m 57s',
  );
  expect(
    planNotes(plan)
      .map(({ text }) => text)
      .join('\n'),
  ).not.toContain('50 requests');
});
