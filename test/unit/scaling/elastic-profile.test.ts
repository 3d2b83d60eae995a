import { describe, expect, it } from 'vitest';
import {
  boundsOf,
  decide,
  type ElasticSettings,
  type ElasticState,
  firstState,
  viewOf,
} from '../../../src/services/scaling/elastic-profile.ts';
import type { GroupSample } from '../../../src/services/stack/group.ts';
import { creating, group, instance } from './samples.ts';

const settings: ElasticSettings = {
  lowRps: 1,
  maxRps: 6,
  factor: 2,
  holdSeconds: 20,
  growSeconds: 100,
  scaleInSeconds: 60,
};
const sized = (count: number, more: Partial<GroupSample> = {}) =>
  group(
    Array.from({ length: count }, (_, index) => instance(`b-${index + 1}`)),
    more,
  );
const autoscaled = { autoscaler: { status: 'ACTIVE', min: 1, max: 3, details: [] } };
const bounds = boundsOf(settings, sized(1, autoscaled));

/** What is offered, step by step of 10 s, to a group that shows one look after another. */
function profile(looks: readonly GroupSample[], own: Partial<ElasticSettings> = {}, sizes = bounds) {
  let state: ElasticState = firstState({ ...settings, ...own });
  const offered = [`${state.phase} ${state.rate}`];
  for (let step = 1; step < 100; step++) {
    const seen = looks[Math.min(step, looks.length) - 1] as GroupSample;
    const decision = decide({ ...settings, ...own }, sizes, state, viewOf(seen), step * 10);
    if ('end' in decision) return [...offered, `${decision.end}: ${decision.why}`];
    state = decision.next;
    offered.push(`${state.phase} ${state.rate}`);
  }
  return offered;
}

const growing = group([instance('b-1'), instance('b-2', creating), instance('b-3', creating)], { stable: false });

describe('an elastic profile', () => {
  it('holds, steps up until all serve, holds, steps down and waits for scale-in', () => {
    const [one, three] = [sized(1), sized(3)];
    const shrinking = sized(3, { targetSize: 1, stable: false });
    expect(profile([one, one, one, one, growing, growing, three, three, three, shrinking, shrinking, one])).toEqual([
      ...['base 1', 'base 1'],
      ...['grow 2', 'grow 4', 'grow 6', 'grow 6', 'grow 6'],
      ...['hold 6', 'hold 6'],
      ...['scale-in 1', 'scale-in 1', 'scale-in 1'],
      'scaled-in: back at 1 after 30 s',
    ]);
  });

  it('adds no load while the group changes, nor beyond the highest rate', () => {
    expect(profile([sized(1), sized(1), growing, growing, growing, sized(3)]).slice(2, 7)).toEqual([
      ...['grow 2', 'grow 2', 'grow 2', 'grow 2'],
      'hold 2',
    ]);
  });

  it('gives up a group that never gets there after the longest climb, and says so', () => {
    const offered = profile([sized(1)]);
    expect(offered.filter((step) => step.startsWith('grow'))).toHaveLength(10);
    const state: ElasticState = { phase: 'grow', rate: 6, since: 20 };
    expect(decide(settings, bounds, state, viewOf(sized(2)), 120)).toEqual({
      next: { phase: 'hold', rate: 6, since: 120 },
      why: '2 of 3 serve after 100 s of stepping up',
    });
  });

  it('decides nothing on what it saw before the step, and says how old that is where time is over', () => {
    const old = (count: number) => ({ ...viewOf(sized(count)), unseenSeconds: 45 });
    const at = (phase: ElasticState['phase'], rate: number, now: number, count: number) =>
      decide(settings, bounds, { phase, rate, since: 0 }, old(count), now);
    expect(at('grow', 2, 10, 1)).toEqual({ next: { phase: 'grow', rate: 2, since: 0 } });
    expect(at('grow', 2, 10, 3)).toEqual({ next: { phase: 'grow', rate: 2, since: 0 } });
    expect(at('grow', 2, 100, 2)).toMatchObject({
      next: { phase: 'hold' },
      why: '2 of 3 serve after 100 s of stepping up, as last seen 45 s before',
    });
    expect(at('scale-in', 1, 10, 1)).toEqual({ next: { phase: 'scale-in', rate: 1, since: 0 } });
    expect(at('scale-in', 1, 60, 1)).toEqual({
      end: 'not-scaled-in',
      why: 'still 1 instance after 60 s at 1 rps, as last seen 45 s before',
    });
  });

  it('ends a wait for scale-in that takes too long', () => {
    expect(profile([sized(1), sized(1), sized(3)]).at(-1)).toBe('not-scaled-in: still 3 instances after 60 s at 1 rps');
  });

  it('climbs to the highest rate where nobody said how large the group gets', () => {
    const open = boundsOf(settings, sized(2));
    expect(open).toEqual({ top: undefined, floor: 2 });
    expect(profile([sized(2)], {}, open)).toEqual([
      ...['base 1', 'base 1', 'grow 2', 'grow 4', 'grow 6', 'hold 6', 'hold 6', 'scale-in 1'],
      'scaled-in: back at 2 after 10 s',
    ]);
  });

  it('takes its sizes from the operator, else from the autoscaler', () => {
    expect(bounds).toEqual({ top: 3, floor: 1 });
    expect(boundsOf({ size: 2 }, sized(1, autoscaled))).toEqual({ top: 2, floor: 1 });
  });

  it('does not hold an instance that runs for one that serves', () => {
    const booting = group([instance('b-1'), instance('b-2', { stage: 'healthy' })]);
    expect(viewOf(booting)).toEqual({ serving: 1, present: 2, settled: false, target: 2 });
  });
});
