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
    pointOf(index, 1, {
      change: { rate, servedRps: rate, hosts: { 'b-1': 10 }, waterfall: { ...atRest, ...change } },
    }),
  );

const unknown = { state: { state: 'unknown', reason: 'only 4 requests' } } as const;
const changed = (point: PointSummary | undefined, change: Partial<PointSummary>) =>
  ({ ...point, ...change }) as PointSummary;

describe('where the time went as the load rose', () => {
  test('the queue is full: what grew is waiting', () => {
    const full = points([0.05, {}], [0.07, { bEngineQueue: 4000 }], [0.09, { bEngineQueue: 45_000, aQueue: 12_000 }]);
    expect(bottleneckLines(full)).toEqual([
      'The queue is full: from 0.05 to 0.09 rps the mean response time rose from 8.20 s to 65.2 s, and 57.0 s of the rise ' +
        "is waiting (B's engine queue and rest 45.0 s, A's queue 12.0 s). More instances of B, or more slots of its engine " +
        'where its machine has room, shorten it.',
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
      "and 4.00 s of the rise is waiting (B's queue 4.00 s); the models work longer by 3.00 s (B's model 3.00 s). B's engine works",
    );
  });

  test('a queue that is full at the lowest rate already', () => {
    expect(bottleneckLines(points([0.05, { bQueue: 20_000 }]))).toEqual([
      "The queue is full: already at 0.05 rps, requests wait 20.0 s of 28.2 s (B's queue 20.0 s). More instances of B, " +
        'or more slots of its engine where its machine has room, shorten it.',
    ]);
  });

  test('there is one A: its queue is shorter with more slots', () => {
    expect(bottleneckLines(points([0.01, {}], [0.02, { aQueue: 9000 }]))[0]).toMatch(
      /A's queue 9\.00 s\)\. More slots of A's engine shorten it, where its machine has room\.$/,
    );
  });

  test.each([
    // 0.16/s of 5.2 s are 0.83 at work at a time.
    [
      0.16,
      { bEngineQueue: 9000 },
      /B's engine works nearly all the time \(0\.16\/s x 5\.20 s\): the machine or the model/,
    ],
    [0.3, { aEngineQueue: 9000 }, /A's engine works nearly all the time \(0\.3\/s x 2\.90 s\): .* A faster machine/],
    [
      0.12,
      { bQueue: 9000 },
      /Where A and B share an engine or a machine, that works nearly all the time \(0\.12\/s x 8\.10 s\)/,
    ],
  ])('an engine that works all the time has no use for more slots: %s rps', (rate, waits, text) => {
    const [line = ''] = bottleneckLines(points([0.01, {}], [rate, waits]));
    expect(line).toMatch(/^The queue is full: /);
    expect(line).toMatch(text);
    expect(line).not.toMatch(/slots .*shorten/);
  });

  test('several instances share what B works', () => {
    const hosts = { 'b-1': 5, 'b-2': 5 };
    const at = (rate: number) => points([0.01, {}], [rate, { bQueue: 9000 }]).map((point) => changed(point, { hosts }));
    expect(bottleneckLines(at(0.4))[0]).toContain(
      "B's engines work nearly all the time (0.4/s x 5.20 s over 2 instances)",
    );
    expect(bottleneckLines(at(0.16))[0]).toContain('Where A and B share');
    const { aWork: _1, aQueue: _2, aEngineQueue: _3, ...alone } = { ...atRest, a: 0, bQueue: 19_000 };
    expect(
      bottleneckLines(
        at(0.2)
          .slice(1)
          .map((point) => changed(point, { waterfall: alone })),
      )[0],
    ).toContain("Where B's instances share an engine or a machine, that works nearly all the time (0.2/s x 5.20 s)");
  });

  test('what an idle engine does not account for is no queue: it can be one where the models work half of the time', () => {
    const rest = {
      bEngineQueue: 90,
      bModel: 30,
      bWork: { load: 10, prompt: 10, generation: 10 },
      a: 20,
      aEngineQueue: 1,
    };
    expect(bottleneckLines(points([0.5, { ...rest, network: 2 }]))).toEqual([
      "No queue has grown: at 0.5 rps most of 144 ms is B's engine queue and rest: 90.0 ms.",
    ]);
    expect(bottleneckLines(points([12, { ...rest, network: 2 }]))[0]).toMatch(/^The queue is full: already at 12 rps/);
  });

  test('a point that does not tell is no evidence of a slow model, nor that nothing waits', () => {
    const [one, two] = points([0.5, {}], [1, {}]).map((point) => changed(point, unknown));
    expect(bottleneckLines([one, two] as PointSummary[])).toEqual([
      expect.stringMatching(
        /^No point shows whether a queue grows: at 0\.5 rps, which is undecided, 10 answers took 8\.20 s on average: the models work 8\.10 s of 8\.20 s \(/,
      ),
    ]);
  });

  test('a rise into a point that does not tell is told, as what it is', () => {
    const [low, high] = points([0.05, {}], [0.4, { bEngineQueue: 30_000 }]);
    const lines = bottleneckLines([low as PointSummary, changed(high, unknown)]);
    expect(lines).toEqual([
      expect.stringMatching(/^At 0\.05 rps, with the least load, the models work 8\.10 s of 8\.20 s/),
      "But at 0.4 rps, which is undecided, 10 answers took 38.1 s on average: most of 38.1 s is B's engine queue and rest: 30.0 s.",
    ]);
  });

  test('nor does anything stay level into a point of which nothing came back', () => {
    const [low, high] = points([0.05, {}], [0.4, {}]);
    const { waterfall: _, ...lost } = high as PointSummary;
    const outcomes = { ...lost.outcomes, ok: 0, timeout: 10 };
    expect(bottleneckLines([low as PointSummary, { ...lost, outcomes }])).toEqual([
      expect.stringMatching(/^At 0\.05 rps, with the least load, /),
      'At 0.4 rps not one of 10 requests succeeded: where the time went is not known.',
    ]);
    expect(bottleneckLines([changed(low, unknown), { ...lost, outcomes }])).toEqual([
      expect.stringMatching(/^No point shows whether a queue grows: at 0\.05 rps, /),
      'At 0.4 rps not one of 10 requests succeeded: where the time went is not known.',
    ]);
  });

  test('what is overloaded has risen from what few answers took below, and that is said', () => {
    const overloaded = { state: { state: 'overloaded', reason: 'in flight grew' } } as const;
    const [low, high] = points([0.01, {}], [0.2, { aQueue: 6000, bModel: 9000 }]);
    expect(bottleneckLines([changed(low, unknown), changed(high, overloaded)])).toEqual([
      expect.stringMatching(
        /^The queue is full: from 0\.01 \(undecided, 10 answers\) to 0\.2 rps the mean response time rose from 8\.20 s to 18\.0 s, and 6\.00 s of the rise is waiting/,
      ),
      expect.stringMatching(/^At 0\.01 rps \(undecided, 10 answers\), with the least load, the models work 8\.10 s/),
    ]);
    expect(bottleneckLines([changed(high, overloaded)])).toEqual([
      expect.stringMatching(/^At 0\.2 rps, with the least load, the models work 11\.9 s of 18\.0 s/),
    ]);
  });

  test('where the target does not keep up, no queue is denied', () => {
    const overloaded = { state: { state: 'overloaded', reason: 'in flight grew' } } as const;
    expect(bottleneckLines([changed(points([1, { network: 20_000 }])[0], overloaded)])).toEqual([
      'At 1 rps, with the least load, most of 28.2 s is network: 20.0 s.',
    ]);
  });

  test('a rate that was offered again counts as it was then', () => {
    const again = points([1, {}], [2, { bQueue: 1000 }], [2, { bQueue: 9000 }], [1, { bQueue: 100 }]);
    again.push(changed(again[2], { status: 'interrupted', index: 4 }));
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
