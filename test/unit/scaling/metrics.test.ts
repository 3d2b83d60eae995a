import { describe, expect, test } from 'vitest';
import { kneeCapacity, plateauCapacity } from '../../../src/services/scaling/capacity.ts';
import { demandOf, scalingFigures } from '../../../src/services/scaling/elasticity.ts';
import { type DemandChange, elasticityMetrics } from '../../../src/services/scaling/elasticity-metrics.ts';
import { type LoadCurve, loadOfRun } from '../../../src/services/scaling/load-curve.ts';
import type { Timeline } from '../../../src/services/scaling/read-timeline.ts';
import { pointOf } from '../results/fixture.ts';
import { loadOf, ORIGIN, oneToThree, riseAndFall, type Step, timelineOf } from './fixture.ts';

const looks = (...instances: (number | undefined)[]) =>
  instances.map((each, place) => ({ at: place * 10, instances: each }));
const demand = (...changes: [at: number, instances: number][]): DemandChange[] =>
  changes.map(([at, instances]) => ({ at, instances }));

describe('the metrics', () => {
  test('supply that is demand: nothing to complain of', () => {
    expect(elasticityMetrics(looks(2, 2, 2), demand([0, 2]), 100)).toEqual({
      ...{ underAccuracy: [0, 0], overAccuracy: [0, 0], underTime: [0, 0], overTime: [0, 0], instability: 0 },
      ...{ coveredSeconds: 0.02, unknownSeconds: 0 },
    });
  });

  test('a demand that changes between two looks is weighed to the millisecond', () => {
    // 1 of 1 for 4 of 20 ms, 1 of 4 for 16 of 20 ms: three quarters are missing for four fifths of the time.
    expect(elasticityMetrics(looks(1, 1, 1), demand([0, 1], [4, 4]), 100)).toMatchObject({
      ...{ underAccuracy: [60, 60], underTime: [80, 80], overTime: [0, 0], instability: 50 },
    });
  });

  test('more than twice what is needed is more than 100 per cent too much', () => {
    expect(elasticityMetrics(looks(4, 4), demand([0, 1]), 100)).toMatchObject({ overAccuracy: [300, 300] });
  });

  test('an oscillating supply is unstable', () => {
    expect(elasticityMetrics(looks(1, 2, 1, 2, 2), demand([0, 1]), 100)?.instability).toBe(75);
  });

  test('a hole in the looks is left out and told', () => {
    const hole = [...looks(1, 1, undefined, 1, 1), { at: 400, instances: 1 }];
    expect(elasticityMetrics(hole, demand([0, 1]), 30)).toMatchObject({ coveredSeconds: 0.02, unknownSeconds: 0.38 });
    expect(elasticityMetrics(looks(undefined, undefined), demand([0, 1]), 30)).toBeUndefined();
  });

  test('what changed within an interval is told as the most and the least: no bound excludes a truth', () => {
    // One change of supply from 1 to 3 at any time of a stretch; a demand of 3 for its second half.
    const steps = demand([0, 1], [5, 3]);
    const told = elasticityMetrics(looks(1, 3), steps, 100);
    for (let changed = 0; changed <= 10; changed++) {
      let under = 0;
      for (let ms = 0; ms < 10; ms++) {
        const [supply, wanted] = [ms < changed ? 1 : 3, ms < 5 ? 1 : 3];
        under += Math.max(0, wanted - supply) / wanted / 10;
      }
      expect(told?.underAccuracy[0]).toBeLessThanOrEqual(100 * under + 0.01);
      expect(told?.underAccuracy[1]).toBeGreaterThanOrEqual(100 * under - 0.01);
    }
  });
});

describe('the demand', () => {
  const curve = loadOfRun(loadOf(riseAndFall)) as LoadCurve;

  test('the fewest instances, and never below the floor', () => {
    const of = (perInstance: number, floor: number) =>
      demandOf(curve, { perInstance, source: 'given', text: '' }, floor).map(({ instances }) => instances);
    expect(of(10, 1)).toEqual([1, 3, 1, 1]);
    expect(of(5, 2)).toEqual([2, 5, 2, 2]);
    // 25 by 8.3333... is 3, whatever the last digit says.
    expect(of(25 / 3, 1)).toEqual([2, 3, 1, 1]);
  });

  test('ends where a run ended that was gone on with later', () => {
    const { levels, steps } = loadOfRun(
      loadOf([
        { at: 0, seconds: 30, rate: 10 },
        { at: 90, seconds: 30, rate: 20 },
        { at: 3700, seconds: 30, rate: 30 },
      ]),
    ) as LoadCurve;
    expect(levels.map(({ at, rps }) => [(at - ORIGIN) / 1000, rps])).toEqual([
      ...[
        [0, 10],
        [90, 20],
        [120, 0],
      ],
      ...[
        [3700, 30],
        [3730, 0],
      ],
    ]);
    expect(steps.map(({ from, to }) => [from, to])).toEqual([
      [0, 10],
      [10, 20],
      [20, 0],
      [0, 30],
      [30, 0],
    ]);
  });

  test('a warm-up offers the rate of its point, and pauses between points are no steps', () => {
    const { points, series } = loadOf([
      { at: 10, seconds: 10, rate: 5 },
      { at: 40, seconds: 10, rate: 5 },
    ]);
    const load = loadOfRun({ plan: { warmupSeconds: 2, drainSeconds: 10 }, points, series });
    const origin = Date.parse(points[0]?.startedAt ?? '');
    expect(load?.changes.map(({ at, rps }) => [(at - origin) / 1000, rps])).toEqual([
      [-2, 5],
      [10, 0],
      [28, 5],
      [40, 0],
    ]);
    // The demand of a group does not vanish while its last answers come.
    expect(load?.levels.map(({ at, rps }) => [(at - origin) / 1000, rps])).toEqual([
      [-2, 5],
      [28, 5],
      [40, 0],
    ]);
    expect(load?.steps.map(({ from, to }) => [from, to])).toEqual([
      [0, 5],
      [5, 0],
    ]);
  });
});

test('answers to a warm-up are not counted, so its seconds are not known', () => {
  const { points, series } = loadOf([{ at: 0, seconds: 10, rate: 5, hosts: () => ({ 'b-1': 5 }) }]);
  const warm = series.map((sample) => ({ ...sample, phase: sample.second < 4 ? ('warmup' as const) : sample.phase }));
  expect(loadOfRun({ plan: { warmupSeconds: 4, drainSeconds: 10 }, points, series: warm })?.slices).toHaveLength(6);
});

describe('what one instance sustains', () => {
  const overloaded: Step = {
    at: 0,
    seconds: 40,
    rate: 30,
    overloaded: true,
    hosts: (second) => (second < 10 ? {} : { 'b-1': 12, 'b-2': 12 }),
  };

  test('a plateau: the second half of a stretch in which more is offered than answered', () => {
    const load = loadOfRun(loadOf([overloaded])) as LoadCurve;
    expect(plateauCapacity(load, () => 2)).toEqual({
      ...{ perInstance: 12, source: 'plateau' },
      text: 'what one of 2 got done in 20 s of overload in this run: an estimate',
    });
    expect(plateauCapacity(load, () => undefined)).toBeUndefined();
    const calm = loadOfRun(loadOf([{ at: 0, seconds: 40, rate: 5, hosts: () => ({ 'b-1': 5 }) }])) as LoadCurve;
    expect(plateauCapacity(calm, () => 1)).toBeUndefined();
  });

  test('answers that are on their way are no overload: the point says so', () => {
    const load = loadOfRun(loadOf([{ ...overloaded, overloaded: false }])) as LoadCurve;
    expect(plateauCapacity(load, () => 2)).toBeUndefined();
  });

  test('a stretch ends where the group grows', () => {
    const load = loadOfRun(loadOf([overloaded])) as LoadCurve;
    const half = (load.changes[0]?.at ?? 0) + 20_000;
    // 10 s without an answer, then 24 a second of one instance; then 24 a second of two.
    expect(plateauCapacity(load, (at) => (at < half ? 1 : 2))).toMatchObject({ perInstance: 24, source: 'plateau' });
  });

  test('a knee: its rate by the hosts that answered there', () => {
    const points = [pointOf(0, 100), pointOf(1, 420), pointOf(2, 800)];
    expect(kneeCapacity({ points, knee: { rate: 420, index: 1, above: 800 } })).toEqual({
      ...{ perInstance: 140, source: 'knee', text: 'knee of 420 rps with 3 instances' },
    });
    // The target may do more: nobody tried.
    expect(kneeCapacity({ points, knee: { rate: 800, index: 2 } })).toBeUndefined();
    expect(kneeCapacity({ points })).toBeUndefined();
  });
});

test('the same group at another time has the same figures', () => {
  const shift = 86_400_000 * 365 + 123_457;
  const timeline = timelineOf(oneToThree);
  const later: Timeline = {
    about: { ...timeline.about, startedAt: timeline.about.startedAt + shift },
    samples: timeline.samples.map((sample) => ({ ...sample, group: { ...sample.group, at: sample.group.at + shift } })),
  };
  const load = loadOf(riseAndFall);
  const points = load.points.map((point) => ({
    ...point,
    startedAt: new Date(Date.parse(point.startedAt) + shift).toISOString(),
  }));
  const { startedAt: _a, origin: _b, ...first } = scalingFigures(timeline, { load });
  const { startedAt: _c, origin: _d, ...second } = scalingFigures(later, { load: { ...load, points } });
  expect(second).toEqual(first);
  expect(first.metrics).toBeDefined();
});

test('finer looks give finer figures, never other ones', () => {
  const load = loadOf(riseAndFall);
  const at = (interval: number) => scalingFigures(timelineOf({ ...oneToThree, interval }), { load });
  const [fine, coarse] = [at(1), at(10)];
  for (const [place, arrival] of (fine.scaleOuts[0]?.arrivals ?? []).entries()) {
    for (const phase of ['created', 'running', 'healthy', 'firstAnswer'] as const) {
      const [narrow, wide] = [arrival.phases[phase], coarse.scaleOuts[0]?.arrivals[place]?.phases[phase]];
      if (wide === undefined || !('span' in narrow) || !('span' in wide)) throw new Error(`${phase} is not known`);
      expect(wide.span[0]).toBeLessThanOrEqual(narrow.span[0]);
      expect(wide.span[1]).toBeGreaterThanOrEqual(narrow.span[1]);
    }
  }
});
