import { describe, expect, test } from 'vitest';
import { givenCapacity } from '../../../src/services/scaling/capacity.ts';
import { scalingFigures } from '../../../src/services/scaling/elasticity.ts';
import { life, loadOf, oneToThree, riseAndFall, timelineOf } from './fixture.ts';

const options = { load: loadOf(riseAndFall), capacity: givenCapacity(10) };
const figures = scalingFigures(timelineOf(oneToThree), options);

describe('a scale-out whose every change is known', () => {
  const [event] = figures.scaleOuts;
  const [second, third] = event?.arrivals ?? [];

  test('from the rise at 30 s to the decision at 38 s, seen at 40 s and not yet at 35 s', () => {
    expect(figures.scaleOuts).toHaveLength(1);
    expect(event).toMatchObject({ from: 1, to: 3, decided: [35, 40], missing: 0 });
    expect(event?.step).toEqual({ from: 10, to: 25, offset: [30, 30] });
    expect(event?.decide).toEqual({ span: [5, 10] });
  });

  test('each phase, since the decision: no finer than the looks allow', () => {
    expect(second?.instance).toBe('b-2');
    // Made at 42, seen at 45 and not at 40; the decision was between 35 and 40.
    expect(second?.phases.created).toEqual({ span: [0, 10], offset: [40, 45] });
    expect(second?.phases.running).toEqual({ span: [5, 15], offset: [45, 50] });
    expect(second?.phases.healthy).toEqual({ span: [10, 20], offset: [50, 55] });
    expect(third?.phases.healthy).toEqual({ span: [15, 25], offset: [55, 60] });
  });

  test('answers are known by the second', () => {
    expect(figures.answersFrom).toEqual({ source: 'load', matched: 'name' });
    expect(second?.phases.firstAnswer).toEqual({ span: [17, 23], offset: [57, 58] });
    expect(third?.phases.firstAnswer).toEqual({ span: [20, 26], offset: [60, 61] });
    // The last new instance answers for the first time between 60 and 61 s; the load rose at 30 s.
    expect(event?.total).toEqual({ span: [30, 31] });
  });

  test('the part of the traffic: 80 % of a third over the 10 s that follow', () => {
    expect(second?.phases.fairShare).toEqual({ span: [17, 23], offset: [57, 58] });
    // Windows that begin at 66 s hold 4 x 2 + 6 x 8 of 250, at 67 s 3 x 2 + 7 x 8 = 62, at 68 s 68 of 250: 26.7 % are asked for.
    expect(third?.phases.fairShare).toMatchObject({ offset: [67, 68] });
  });
});

test('of rises between which the looks cannot tell, any may be the one that was decided on', () => {
  const shape = { ...oneToThree, target: (second: number) => (second >= 40 ? 3 : 1) };
  const rises = [
    { at: 0, seconds: 9, rate: 5 },
    { at: 9, seconds: 27, rate: 10 },
    { at: 36, seconds: 3, rate: 15 },
    { at: 39, seconds: 60, rate: 20 },
  ];
  const [event] = scalingFigures(timelineOf(shape), { load: loadOf(rises) }).scaleOuts;
  // Decided after 35 s and by 40 s: on the rise at 9, 36 or 39 s.
  expect(event).toMatchObject({ decided: [35, 40], decide: { span: [0, 31] } });
  expect(event?.step).toEqual({ from: 5, to: 20, offset: [9, 39] });
});

describe('a scale-in', () => {
  const [event] = figures.scaleIns;

  test('from the fall at 90 s to the decision at 112 s', () => {
    expect(event).toMatchObject({ from: 3, to: 1, decided: [110, 115], missing: 0 });
    expect(event?.step).toEqual({ from: 25, to: 5, offset: [90, 90] });
    expect(event?.decide).toEqual({ span: [20, 25] });
  });

  test('drained and gone, and what failed meanwhile', () => {
    expect(event?.departures).toEqual(
      ['b-2', 'b-3'].map((instance) => ({
        instance,
        drained: { span: [0, 5], offset: [110, 115] },
        gone: { span: [0, 10], offset: [115, 120] },
      })),
    );
    expect(event?.answers).toEqual({ ok: 50, failed: 2 });
  });
});

test('the metrics of the worked example in docs/measurement.md', () => {
  // Demand 1 to 30 s, 3 to 90 s, 1 to 150 s. Supply at the looks: 1 to 50 s, 2 at 55 s, 3 from 60 to 110 s, 1 from 115 s.
  expect(figures.metrics).toEqual({
    underAccuracy: [10, 12.22],
    overAccuracy: [26.67, 33.33],
    underTime: [16.67, 20],
    overTime: [13.33, 16.67],
    instability: 16.67,
    coveredSeconds: 150,
    unknownSeconds: 0,
  });
});

describe('what is not known is not told', () => {
  test('no load: no demand, no decision time, and the phases all the same', () => {
    const alone = scalingFigures(timelineOf(oneToThree));
    expect(alone.noMetrics).toMatch(/no load was recorded/);
    expect(alone.metrics).toBeUndefined();
    expect(alone.scaleOuts[0]?.decide).toEqual({ why: 'no load was recorded' });
    expect(alone.scaleOuts[0]?.arrivals[0]?.phases.healthy).toEqual({ span: [10, 20], offset: [50, 55] });
    expect(alone.scaleOuts[0]?.arrivals[0]?.phases.firstAnswer).toEqual({ why: 'no record of which host answered' });
  });

  test('never at its limit: no capacity, no metrics', () => {
    const calm = loadOf([{ at: 0, seconds: 100, rate: 5, hosts: () => ({ 'b-1': 5 }) }]);
    const told = scalingFigures(timelineOf(oneToThree), { load: calm });
    expect([told.capacity, told.noMetrics]).toEqual([
      undefined,
      'what one instance sustains is not known, and the group was never at its limit for long enough to measure it',
    ]);
  });

  test('an instance that never gets healthy, one that is never made', () => {
    const instances = { 'b-1': life({}), 'b-2': life({ made: 42, runs: 47, healthy: 1000 }) };
    const [event] = scalingFigures(timelineOf({ ...oneToThree, instances }), options).scaleOuts;
    expect(event?.missing).toBe(1);
    expect(event?.total).toEqual({ why: 'not every new instance was seen to answer' });
    expect(event?.arrivals[0]?.phases.healthy).toEqual({ why: 'not seen before the timeline ended' });
    expect(event?.arrivals[0]?.phases.running).toEqual({ span: [5, 15], offset: [45, 50] });
  });

  test('a look that failed says nothing: its interval is wider, nothing is gone', () => {
    const told = scalingFigures(
      timelineOf({
        ...oneToThree,
        change: (sample, second) =>
          second === 50 || second === 80
            ? { hosts: [], problem: 'timed out', group: { at: sample.group.at, instances: [], errors: [] } }
            : sample,
      }),
      options,
    );
    expect([told.scaleOuts.length, told.scaleIns.length, told.incomplete, told.problem]).toEqual([
      1,
      1,
      2,
      'timed out',
    ]);
    expect(told.scaleOuts[0]?.arrivals[0]?.phases.running).toEqual({ span: [5, 20], offset: [45, 55] });
    expect(told.metrics).toMatchObject({ coveredSeconds: 130, unknownSeconds: 20 });
  });

  test('nothing reports health', () => {
    const told = scalingFigures(
      timelineOf({
        ...oneToThree,
        change: (sample) => ({
          ...sample,
          group: {
            ...sample.group,
            healthKnown: false,
            instances: sample.group.instances.map((each) =>
              each.stage === 'serving' ? { ...each, stage: 'running' } : each,
            ),
          },
        }),
      }),
      options,
    );
    expect(told.scaleOuts[0]?.arrivals[0]?.phases.healthy).toEqual({ why: 'nothing reports health' });
    expect(told.noMetrics).toBe('how many instances served is not known while the load ran');
    expect(told.remarks).toContain('nothing reports which instances are healthy');
  });
});
