import { describe, expect, test } from 'vitest';
import type { RunOrder } from '../../../src/services/load/engine/protocol.ts';
import { endingOf } from '../../../src/services/load/generators/generator-group.ts';
import { sharesOf } from '../../../src/services/load/generators/shares.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';

const order: RunOrder = {
  ...{ type: 'run', url: 'http://127.0.0.1:1/x', form: { api: 'raw', stream: false }, rate: 20, warmupMs: 0 },
  ...{ durationMs: 1000, drainMs: 1000, timeoutMs: 1000, maxInFlight: 100, prompt: DEFAULT_PROMPT, seed: 1, series: 0 },
};
const closed = (concurrency: number, requests?: number): RunOrder => ({
  ...order,
  ...{ concurrency, maxInFlight: concurrency },
  ...(requests === undefined ? {} : { requests }),
});

describe('what each of several generators takes', () => {
  test('an open loop: every n-th request, and its part of the bound', () => {
    expect(sharesOf({ ...order, maxInFlight: 5 }, 2)).toEqual([
      { share: { index: 0, count: 2 }, maxInFlight: 3 },
      { share: { index: 1, count: 2 }, maxInFlight: 2 },
    ]);
  });

  test('requests go with the places: who has two of three sends two of three', () => {
    expect(sharesOf(closed(3, 3000), 2).map(({ concurrency, requests }) => [concurrency, requests])).toEqual([
      [2, 2000],
      [1, 1000],
    ]);
  });

  test.each([
    [1, 10, 2, 1],
    [3, 30, 32, 3],
    [4000, 10, 2, 2],
    [7, 7, 3, 3],
    [7, 100, 3, 3],
    [5, 3, 4, 4],
  ])('%i places, %i requests, %i processes: %i work, and nothing is lost', (places, requests, processes, working) => {
    const shares = sharesOf(closed(places, requests), processes);
    const sum = (key: 'maxInFlight' | 'concurrency' | 'requests') =>
      shares.reduce((total, share) => total + (share[key] ?? 0), 0);
    expect(shares).toHaveLength(working);
    expect([sum('maxInFlight'), sum('concurrency'), sum('requests')]).toEqual([places, places, requests]);
    for (const { concurrency = 0, requests: own = 0 } of shares) {
      expect(concurrency).toBeGreaterThan(0);
      // All at once for the whole is all at once for each, and never less than its places hold otherwise.
      expect(requests <= places ? own <= concurrency : own >= concurrency).toBe(true);
    }
  });

  test('fewer may be open than there are processes: the rest has nothing to do', () => {
    expect(sharesOf({ ...order, maxInFlight: 1 }, 4)).toEqual([{ share: { index: 0, count: 1 }, maxInFlight: 1 }]);
    expect(sharesOf(closed(2), 4)).toHaveLength(2);
  });
});

describe('when a load of several generators has ended', () => {
  test('it has sent enough when all of them have', () => {
    expect(endingOf([{ enoughAtMs: 100 }, { enoughAtMs: 300 }])).toEqual({ enoughAtMs: 300 });
    expect(endingOf([{ enoughAtMs: 100 }, {}])).toEqual({});
  });

  test('stopped in the drain of some of them, it has measured until the last one had enough, or was stopped', () => {
    const stopped = { stoppedAtMs: 100, enoughAtMs: 100 };
    expect(endingOf([stopped, { enoughAtMs: 300 }])).toEqual({ stoppedAtMs: 300, enoughAtMs: 300 });
    expect(endingOf([stopped, { stoppedAtMs: 250 }])).toEqual({ stoppedAtMs: 250 });
  });
});
