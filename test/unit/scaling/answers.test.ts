import { describe, expect, test } from 'vitest';
import { givenCapacity } from '../../../src/services/scaling/capacity.ts';
import { scalingFigures } from '../../../src/services/scaling/elasticity.ts';
import { loadOfWatch } from '../../../src/services/scaling/load-curve.ts';
import { loadOf, ORIGIN, oneToThree, riseAndFall, timelineOf } from './fixture.ts';

const capacity = givenCapacity(10);

/** What each new instance did, by name. */
function phasesOf(figures: ReturnType<typeof scalingFigures>) {
  return Object.fromEntries(
    (figures.scaleOuts[0]?.arrivals ?? []).map(({ instance, host, phases }) => [instance, { host, ...phases }]),
  );
}

describe('who answered', () => {
  test('hosts with other names than their instances: in the order in which they came', () => {
    const ids: Readonly<Record<string, string>> = { 'b-1': '4f1c', 'b-2': '99ab', 'b-3': '0d2e' };
    const steps = riseAndFall.map((step) => ({
      ...step,
      hosts: (second: number) =>
        Object.fromEntries(
          Object.entries(step.hosts?.(second) ?? {}).map(([name, count]) => [ids[name] ?? name, count]),
        ),
    }));
    const figures = scalingFigures(timelineOf(oneToThree), { load: loadOf(steps), capacity });
    expect(figures.answersFrom).toEqual({ source: 'load', matched: 'order' });
    expect(phasesOf(figures)).toMatchObject({
      'b-2': { host: '99ab', firstAnswer: { offset: [57, 58] } },
      'b-3': { host: '0d2e', firstAnswer: { offset: [60, 61] } },
    });
  });

  test('a host may carry its domain', () => {
    const steps = riseAndFall.map((step) => ({
      ...step,
      hosts: (second: number) =>
        Object.fromEntries(
          Object.entries(step.hosts?.(second) ?? {}).map(([name, count]) => [`${name}.c.p.internal`, count]),
        ),
    }));
    const figures = scalingFigures(timelineOf(oneToThree), { load: loadOf(steps), capacity });
    expect([figures.answersFrom?.matched, phasesOf(figures)['b-3']?.host]).toEqual(['name', 'b-3.c.p.internal']);
  });

  test('without a load, GET /health tells, as exactly as the looks are', () => {
    const timeline = timelineOf({
      ...oneToThree,
      change: (sample, second) => ({
        ...sample,
        hosts: ['b-1', ...(second >= 60 ? ['b-2', 'b-3'] : [])].map((host) => ({ host, answers: 10 })),
      }),
    });
    const figures = scalingFigures(timeline);
    expect(figures.answersFrom).toEqual({ source: 'health', matched: 'name' });
    expect(phasesOf(figures)['b-2']).toMatchObject({
      firstAnswer: { span: [15, 25], offset: [55, 60] },
      fairShare: { span: [15, 25], offset: [55, 60] },
    });
  });

  test('too few answers to judge a share by: none is told', () => {
    const steps = riseAndFall.map((step) => ({
      ...step,
      hosts: (second: number): Record<string, number> => (second === 70 ? { 'b-1': 1, 'b-2': 1, 'b-3': 1 } : {}),
    }));
    const figures = scalingFigures(timelineOf(oneToThree), { load: loadOf(steps), capacity });
    expect(phasesOf(figures)['b-2']).toMatchObject({
      firstAnswer: { offset: [70, 71] },
      fairShare: { why: 'not reached while enough answers came to judge' },
    });
  });

  test('the load as the watch saw it, where it was not recorded', () => {
    const timeline = timelineOf({
      ...oneToThree,
      change: (sample, second) => ({
        ...sample,
        load: { offeredRps: second < 30 ? 10 : second < 90 ? 25 : 5, okRps: second < 60 ? 10 : 5, inFlight: 0 },
      }),
    });
    const figures = scalingFigures(timeline, { capacity });
    // The rise was seen at 30 s and not yet at 25 s.
    expect(figures.scaleOuts[0]).toMatchObject({ step: { offset: [25, 30] }, decide: { span: [5, 15] } });
    expect(figures.metrics).toMatchObject({ underAccuracy: [10, 12.22], overAccuracy: [26.67, 33.33] });
  });

  test('a load that began and ended while the group was watched', () => {
    const load = (offeredRps: number) => ({ offeredRps, okRps: offeredRps, inFlight: 0 });
    const { samples } = timelineOf({
      ...oneToThree,
      until: 30,
      change: (sample, second) => (second >= 10 && second <= 20 ? { ...sample, load: load(7) } : sample),
    });
    const curve = loadOfWatch(samples);
    const seconds = (at = Number.NaN) => (at - ORIGIN) / 1000;
    expect(curve?.changes.map(({ at, rps }) => [seconds(at), rps])).toEqual([
      [10, 7],
      [25, 0],
    ]);
    expect(curve?.steps.map(({ moment, from, to }) => [seconds(moment.after), seconds(moment.by), from, to])).toEqual([
      [5, 10, 0, 7],
      [20, 25, 7, 0],
    ]);
    expect(loadOfWatch(samples.slice(0, 2))).toBeUndefined();
    // A load that was there at the first look may have risen at any time before.
    expect(loadOfWatch(samples.slice(2))?.steps.map(({ from, to }) => [from, to])).toEqual([[7, 0]]);
  });
});
