import { describe, expect, test } from 'vitest';
import { pollsOf } from '../../../src/services/scaling/polls.ts';
import { scaleEvents } from '../../../src/services/scaling/scale-events.ts';
import { life, ORIGIN, type Shape, timelineOf } from './fixture.ts';

function eventsOf(shape: Shape) {
  return scaleEvents(pollsOf(timelineOf(shape)).all).map(({ from, to, decided, changes }) => ({
    change: `${from} to ${to}`,
    decided: [decided.after, decided.by].map((ms) => ((ms ?? Number.NaN) - ORIGIN) / 1000),
    instances: changes.map(({ name }) => name),
  }));
}

describe('changes of size', () => {
  test('one after the other: each has its own instance', () => {
    const target = (second: number) => (second >= 60 ? 3 : second >= 20 ? 2 : 1);
    const instances = {
      'b-1': life({}),
      'b-3': life({ made: 63, runs: 70 }),
      'b-2': life({ made: 22, runs: 30 }),
    };
    expect(eventsOf({ target, instances })).toEqual([
      { change: '1 to 2', decided: [15, 20], instances: ['b-2'] },
      { change: '2 to 3', decided: [55, 60], instances: ['b-3'] },
    ]);
  });

  test('an autoscaler that recommends before the group is told has decided then', () => {
    expect(
      eventsOf({
        target: (second) => (second >= 40 ? 2 : 1),
        instances: { 'b-1': life({}), 'b-2': life({ made: 41 }) },
        change: (sample, second) => ({
          ...sample,
          group: {
            ...sample.group,
            autoscaler: { status: 'ACTIVE', recommendedSize: second >= 30 || second === 10 ? 2 : 1, details: [] },
          },
        }),
      }),
    ).toEqual([{ change: '1 to 2', decided: [25, 30], instances: ['b-2'] }]);
  });

  test.each([
    ['before the first that shows it', [25], [20, 30]],
    ['before the change of size', [35], [25, 30]],
    ['in a row', [20, 25, 35], [15, 30]],
    ['all the time', Array.from({ length: 31 }, (_, look) => 5 * look), [0, 40]],
  ])('a look that did not ask the autoscaler does not tell when it decided: %s', (_, unasked, decided) => {
    expect(
      eventsOf({
        target: (second) => (second >= 40 ? 2 : 1),
        instances: { 'b-1': life({}), 'b-2': life({ made: 41 }) },
        change: (sample, second) => {
          const stale = unasked.includes(second);
          const recommendedSize = (stale ? second - 5 : second) >= 30 ? 2 : 1;
          const autoscaler = { status: 'ACTIVE', recommendedSize, details: [], ...(stale ? { stale } : {}) };
          return { ...sample, group: { ...sample.group, autoscaler } };
        },
      }),
    ).toEqual([{ change: '1 to 2', decided, instances: ['b-2'] }]);
  });

  test('what a slow look shows was so by its end', () => {
    const slow: Shape['change'] = (sample) => ({ ...sample, group: { ...sample.group, tookMs: 2000 } });
    const target = (second: number) => (second >= 40 ? 2 : 1);
    expect(eventsOf({ target, instances: {}, change: slow })).toMatchObject([{ decided: [35, 42] }]);
  });

  test('an instance that is replaced is no change of size', () => {
    const instances = { 'b-1': life({ leaves: 50, gone: 55 }), 'b-2': life({ made: 45, runs: 50 }) };
    expect(eventsOf({ target: () => 1, instances })).toEqual([]);
  });

  test('without a target, instances that are not on their way out stand for it', () => {
    const instances = { 'b-1': life({}), 'b-2': life({ made: 31, leaves: 98, gone: 119 }) };
    expect(eventsOf({ target: () => undefined, instances })).toEqual([
      { change: '1 to 2', decided: [30, 35], instances: ['b-2'] },
      { change: '2 to 1', decided: [95, 100], instances: ['b-2'] },
    ]);
  });

  test('an instance of the next growth is not given to one whose own never came', () => {
    const target = (second: number) => (second >= 90 ? 2 : second >= 50 ? 1 : second >= 20 ? 2 : 1);
    const instances = { 'b-1': life({}), 'b-2': life({ made: 95 }) };
    expect(eventsOf({ target, instances })).toEqual([
      { change: '1 to 2', decided: [15, 20], instances: [] },
      { change: '2 to 1', decided: [45, 50], instances: [] },
      { change: '1 to 2', decided: [85, 90], instances: ['b-2'] },
    ]);
  });

  test('a name that comes back is a new instance', () => {
    const target = (second: number) => (second >= 90 || (second >= 20 && second < 50) ? 2 : 1);
    const first = life({ made: 22, leaves: 52, gone: 58 });
    const again = life({ made: 92, runs: 97 });
    const instances = { 'b-1': life({}), 'b-2': (second: number) => first(second) ?? again(second) };
    expect(eventsOf({ target, instances }).map(({ instances: names }) => names)).toEqual([['b-2'], ['b-2'], ['b-2']]);
  });

  test('size and instances of one look are not asked for at once: seen a look too early, it belongs to the decision', () => {
    const instances = { 'b-1': life({}), 'b-2': life({ made: 35 }) };
    expect(eventsOf({ target: (second) => (second >= 40 ? 2 : 1), instances })).toEqual([
      { change: '1 to 2', decided: [35, 40], instances: ['b-2'] },
    ]);
  });
});
