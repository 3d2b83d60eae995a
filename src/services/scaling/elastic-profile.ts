import { defined } from '../defined.ts';
import { neat } from '../load/profiles/knee-search.ts';
import type { GroupSample } from '../stack/group.ts';
import { plural } from '../words.ts';
import { countStates } from './instance-state.ts';

/** A load that is made to let a group grow to its maximum and shrink again. Rates per second, times in seconds. */
export interface ElasticSettings {
  readonly lowRps: number;
  /** The load never goes beyond it. */
  readonly maxRps: number;
  /** From one step up to the next. */
  readonly factor: number;
  /** At the low rate before, and at the high rate after the group has grown. */
  readonly holdSeconds: number;
  /** Longest time of stepping up. */
  readonly growSeconds: number;
  /** Longest wait for the group to shrink again. */
  readonly scaleInSeconds: number;
  /** The size to reach; default: the autoscaler's maximum. */
  readonly size?: number;
}

type ElasticPhase = 'base' | 'grow' | 'hold' | 'scale-in';

/** Where in the profile the load is. */
export interface ElasticState {
  readonly phase: ElasticPhase;
  readonly rate: number;
  /** Seconds on the profile's clock when the phase began. */
  readonly since: number;
}

/** What a decision needs to know of a group. */
export interface GroupView {
  /** Instances that are given requests; those that run, where nobody tells. */
  readonly serving: number;
  /** All there are. */
  readonly present: number;
  /** It has what it wants. */
  readonly settled: boolean;
  readonly target: number | undefined;
  /** How old the view is, seconds, where the group was not seen since the decision before. */
  readonly unseenSeconds?: number | undefined;
}

/** The sizes between which a profile goes. */
export interface SizeBounds {
  /** Undefined where nobody said: the load then goes up to its highest rate. */
  readonly top: number | undefined;
  readonly floor: number;
}

export type Decision =
  | { readonly next: ElasticState; readonly why?: string }
  | { readonly end: 'scaled-in' | 'not-scaled-in'; readonly why: string };

export function viewOf(group: GroupSample): GroupView {
  const { running, serving = running } = countStates(group);
  const target = group.targetSize;
  const settled =
    group.stable !== false && (target === undefined || (serving >= target && group.instances.length <= target));
  return { serving, present: group.instances.length, settled, target };
}

/** @param start the group before any load */
export function boundsOf({ size }: Pick<ElasticSettings, 'size'>, start: GroupSample): SizeBounds {
  const { min, max } = start.autoscaler ?? {};
  return { top: size ?? max, floor: min ?? start.targetSize ?? start.instances.length };
}

export function firstState({ lowRps }: ElasticSettings): ElasticState {
  return { phase: 'base', rate: lowRps, since: 0 };
}

/**
 * What comes after a step. While the group changes, the rate stays: an instance that is on its way needs no more load
 * to come. A group that is as large as it gets is held there, and so is one that does not get there within the bounds.
 * Where it was not seen since the decision before, only time decides: nobody knows what the step has done.
 *
 * @param now seconds on the profile's clock
 */
export function decide(
  settings: ElasticSettings,
  { top, floor }: SizeBounds,
  state: ElasticState,
  view: GroupView,
  now: number,
): Decision {
  const { maxRps, factor, lowRps, holdSeconds, growSeconds, scaleInSeconds } = settings;
  const spent = now - state.since;
  const { unseenSeconds } = view;
  const seen = unseenSeconds === undefined;
  const old = seen ? '' : `, as last seen ${Math.round(unseenSeconds)} s before`;
  const ofTop = top === undefined ? '' : ` of ${top}`;
  const stay: Decision = { next: state };
  const begin = (phase: ElasticPhase, rate: number, why?: string): Decision =>
    defined({ next: { phase, rate, since: now }, why });
  const higher = Math.min(maxRps, neat(state.rate * factor));
  switch (state.phase) {
    case 'base':
      return spent < holdSeconds ? stay : begin('grow', higher);
    case 'grow': {
      if (seen && top !== undefined && view.serving >= top) return begin('hold', state.rate, `all ${top} serve`);
      if (spent >= growSeconds) {
        return begin('hold', state.rate, `${view.serving}${ofTop} serve after ${growSeconds} s of stepping up${old}`);
      }
      if (!seen || !view.settled) return stay;
      if (state.rate < maxRps) return { next: { ...state, rate: higher } };
      // Beyond the rate there is only time, and that only helps where something is still to come.
      return top === undefined ? begin('hold', state.rate, `the highest rate is offered, ${view.serving} serve`) : stay;
    }
    case 'hold':
      return spent < holdSeconds ? stay : begin('scale-in', lowRps);
    case 'scale-in': {
      if (seen && view.settled && view.present <= floor && (view.target ?? 0) <= floor) {
        return { end: 'scaled-in', why: `back at ${view.present} after ${Math.round(spent)} s` };
      }
      if (spent < scaleInSeconds) return stay;
      const why = `still ${plural(view.present, 'instance')} after ${scaleInSeconds} s at ${lowRps} rps${old}`;
      return { end: 'not-scaled-in', why };
    }
  }
}
