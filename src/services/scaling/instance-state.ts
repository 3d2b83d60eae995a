import { type GroupSample, type InstanceSample, STAGES, type Stage } from '../stack/group.ts';

/**
 * How many instances have come how far. The counts nest: an instance that serves is healthy and runs, too. An instance
 * that is on its way out is in `leaving` and nowhere else. `healthy` and `serving` are undefined where nobody tells.
 */
export interface StateCounts {
  readonly creating: number;
  readonly running: number;
  readonly healthy?: number;
  readonly serving?: number;
  readonly leaving: number;
}

/** Whether it is being removed; one that is replaced under its own name is not. */
export function isLeaving({ stage }: InstanceSample): boolean {
  return stage === 'leaving';
}

/** Whether an instance that stays has come that far. */
export function hasReached(instance: InstanceSample, stage: Exclude<Stage, 'leaving'>): boolean {
  return !isLeaving(instance) && STAGES.indexOf(instance.stage) >= STAGES.indexOf(stage);
}

/** @param known whether anybody tells which instances are healthy, in this poll or in another one of the timeline */
export function countStates({ instances, healthKnown }: GroupSample, known = healthKnown): StateCounts {
  const count = (stage: Exclude<Stage, 'leaving'>) => instances.filter((each) => hasReached(each, stage)).length;
  const leaving = instances.filter(isLeaving).length;
  const running = count('running');
  return {
    creating: instances.length - leaving - running,
    running,
    ...(known || instances.length === 0 ? { healthy: count('healthy'), serving: count('serving') } : {}),
    leaving,
  };
}
