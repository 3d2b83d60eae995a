import { defined } from '../defined.ts';
import type { InstanceSample } from '../stack/group.ts';
import type { Bounds } from './bounds.ts';
import { countStates } from './instance-state.ts';
import type { Timeline } from './read-timeline.ts';
import type { ScaleSample } from './types.ts';

/** A sample as the figures use it: what it does not know is undefined, and never zero. */
export interface Poll {
  /** Milliseconds since the epoch: what is missing here was missing at that time, or later. */
  readonly at: number;
  /** What is seen here was so by then. */
  readonly by: number;
  readonly targetSize?: number;
  readonly recommended?: number;
  /** What the autoscaler recommends was not asked for. */
  readonly stale: boolean;
  readonly instances?: ReadonlyMap<string, InstanceSample>;
  /** How many of them get requests. */
  readonly serving?: number;
  readonly sample: ScaleSample;
}

export interface Polls {
  readonly all: readonly Poll[];
  /** Whether anybody ever tells which instances are healthy. */
  readonly healthKnown: boolean;
}

export function pollsOf({ samples }: Timeline): Polls {
  const healthKnown = samples.some(({ group }) => group.healthKnown);
  return { all: samples.map((sample) => pollOf(sample, healthKnown)), healthKnown };
}

function pollOf(sample: ScaleSample, healthKnown: boolean): Poll {
  const { at, tookMs = 0, targetSize, stable, instances, autoscaler } = sample.group;
  // A poll that failed shows no instances, which does not mean that there are none.
  const isTold = instances.length > 0 || targetSize !== undefined || stable !== undefined || autoscaler !== undefined;
  const seen = isTold || sample.problem === undefined;
  const { serving } = countStates(sample.group, healthKnown);
  return defined({
    at,
    by: at + tookMs,
    targetSize,
    recommended: autoscaler?.recommendedSize,
    stale: autoscaler?.stale === true,
    instances: seen ? new Map(instances.map((instance) => [instance.name, instance])) : undefined,
    serving: seen ? serving : undefined,
    sample,
  });
}

/**
 * When something was so first, by these polls. Polls that do not tell are passed over, and make the bounds wider.
 *
 * @param before the last poll without it, where these do not show one
 */
export function firstBounds(
  polls: readonly Poll[],
  isSo: (poll: Poll) => boolean | undefined,
  before?: Poll,
): Bounds | undefined {
  let last = before;
  for (const poll of polls) {
    const answer = isSo(poll);
    if (answer === true) return defined({ after: last?.at, by: poll.by });
    if (answer === false) last = poll;
  }
  return undefined;
}
