import { describe, expect, test } from 'vitest';
import type { PointSummary, Waterfall } from '../../../src/services/load/types.ts';
import { bottleneckLines } from '../../../src/services/results/bottleneck.ts';
import { waterfallTotal } from '../../../src/services/results/waterfall-parts.ts';
import { pointOf } from './fixture.ts';

const atRest: Waterfall = {
  ...{ clientWait: 1, aQueue: 0, aEngineQueue: 10, a: 2900, aWork: { load: 100, prompt: 800, generation: 2000 } },
  ...{ network: 39, bQueue: 0, bEngineQueue: 50, bModel: 5200, bWork: { load: 200, prompt: 1500, generation: 3500 } },
  ...{ bWait: 0, count: 10 },
};

const points = (...waterfalls: readonly (readonly [rate: number, change: Partial<Waterfall>])[]): PointSummary[] =>
  waterfalls.map(([rate, change], index) =>
    pointOf(index, 1, { change: { rate, waterfall: { ...atRest, ...change } } }),
  );

describe('where the time went as the load rose', () => {
  test('the queue is full: what grew is waiting', () => {
    const full = points([0.05, {}], [0.2, { bEngineQueue: 4000 }], [0.3, { bEngineQueue: 45_000, aQueue: 12_000 }]);
    expect(bottleneckLines(full)).toEqual([
      'The queue is full: from 0.05 to 0.3 rps the mean response time rose from 8.20 s to 65.2 s, and 57.0 s of the rise ' +
        "is waiting (B's engine queue 45.0 s, A's queue 12.0 s). More instances of B, or more slots of its engine, shorten it.",
      "At 0.05 rps, with the least load, the models work 8.10 s of 8.20 s (A's model 2.90 s: load 100 ms, prompt 800 ms, " +
        "generation 2.00 s; B's model 5.20 s: load 200 ms, prompt 1.50 s, generation 3.50 s).",
    ]);
  });

  test('the model is slow: it works as long at every rate, and nothing waits', () => {
    const [line = '', ...others] = bottleneckLines(points([0.05, {}], [0.1, { bEngineQueue: 90 }]));
    expect(others).toEqual([]);
    expect(line).toMatch(
      /^The model is slow: at 0\.05 rps the models work 8\.10 s of 8\.20 s \(.*\), and up to 0\.1 rps nothing waits much longer\. A faster machine/,
    );
  });

  test('the model is slower under load: its own time grew', () => {
    const work = { load: 200, prompt: 3000, generation: 9800 };
    expect(bottleneckLines(points([1, {}], [2, { bModel: 13_000, bWork: work }]))[0]).toBe(
      'The model is slow, and slower under load: from 1 to 2 rps the mean response time rose from 8.20 s to 16.0 s, and ' +
        "7.80 s of the rise is its work (B's model 7.80 s). A faster machine, a smaller model or shorter answers shorten it.",
    );
  });

  test('what is a good part of the rise, though not the most, is told as well', () => {
    const work = { load: 200, prompt: 2500, generation: 5500 };
    expect(bottleneckLines(points([1, {}], [2, { bQueue: 4000, bModel: 8200, bWork: work }]))[0]).toContain(
      "and 4.00 s of the rise is waiting (B's queue 4.00 s); the models work longer by 3.00 s (B's model 3.00 s). More instances",
    );
  });

  test('a queue that is full at the lowest rate already', () => {
    expect(bottleneckLines(points([0.5, { bQueue: 20_000 }]))).toEqual([
      "The queue is full: already at 0.5 rps, requests wait 20.1 s of 28.2 s (B's queue 20.0 s). More instances of B, " +
        'or more slots of its engine, shorten it.',
    ]);
  });

  test('there is one A: its queue is shorter with more slots', () => {
    expect(bottleneckLines(points([1, {}], [2, { aQueue: 9000 }]))[0]).toMatch(
      /A's queue 9\.00 s\)\. More slots of A's engine shorten it\.$/,
    );
  });

  test('a rate that was offered again counts as it was then', () => {
    const again = points([1, {}], [2, { bQueue: 1000 }], [2, { bQueue: 9000 }], [1, { bQueue: 100 }]);
    expect(bottleneckLines(again)[0]).toContain('from 1 to 2 rps the mean response time rose from 8.30 s to 17.2 s');
  });

  test('neither: the network, or the minimum processing time', () => {
    expect(bottleneckLines(points([1, {}], [2, { network: 9000 }]))[0]).toMatch(
      /^Neither a queue nor the model: .* 8\.96 s of the rise is network 8\.96 s\.$/,
    );
    expect(bottleneckLines(points([1, { bWait: 20_000 }]))).toEqual([
      "No queue has grown: at 1 rps most of 28.2 s is B's minimum wait: 20.0 s.",
    ]);
  });

  test('says nothing of runs that do not tell waiting from work, and of points that are not sound', () => {
    const { aQueue: _1, aEngineQueue: _2, aWork: _3, bQueue: _4, bEngineQueue: _5, bWork: _6, ...older } = atRest;
    expect(bottleneckLines([pointOf(0, 1, { change: { waterfall: older } })])).toEqual([]);
    expect(waterfallTotal(older)).toBe(8140);
    const invalid = { waterfall: atRest, validity: 'invalid: client-limited (lateness)' };
    expect(bottleneckLines([pointOf(0, 1, { change: invalid })])).toEqual([]);
  });
});
