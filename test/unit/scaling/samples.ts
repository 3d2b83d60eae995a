import type { Clock } from '../../../src/services/clock.ts';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import type { GroupSample, InstanceSample } from '../../../src/services/stack/group.ts';

/** 12:30:00 UTC. */
export const NOON = Date.UTC(2026, 0, 31, 12, 30, 0);

/** An instance that serves, unless it is told otherwise. */
export function instance(name: string, more: Partial<InstanceSample> = {}): InstanceSample {
  const detail = { action: 'NONE', status: 'RUNNING', health: 'HEALTHY', backend: 'HEALTHY' };
  return { name, stage: 'serving', detail, ...more };
}

export const creating: Partial<InstanceSample> = {
  stage: 'creating',
  detail: { action: 'CREATING', status: 'PROVISIONING', health: 'UNKNOWN' },
};

/** A group of these, stable at their number unless it is told otherwise. */
export function group(instances: readonly InstanceSample[], more: Partial<GroupSample> = {}): GroupSample {
  return { at: NOON, targetSize: instances.length, stable: true, instances, healthKnown: true, errors: [], ...more };
}

export function look(of: GroupSample, more: Partial<ScaleSample> = {}): ScaleSample {
  return { group: of, hosts: [], ...more };
}

/** A clock that only moves when somebody waits or works. */
export function heldClock() {
  let now = 0;
  const clock: Clock = {
    now: () => NOON + now,
    monotonic: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += ms;
    },
  };
  return { clock, pass: (ms: number) => (now += ms) };
}
