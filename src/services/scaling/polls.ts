import type { InstanceSample } from '../stack/group.ts';
import { countStates } from './instance-state.ts';
import type { Moment } from './moment.ts';
import type { Timeline } from './read-timeline.ts';
import type { ScaleSample } from './types.ts';

/** A sample as the figures use it: what it does not know is undefined, and never zero. */
export interface Look {
  /** Milliseconds since the epoch: what is missing here was missing at that time, or later. */
  readonly at: number;
  /** What is seen here was so by then. */
  readonly by: number;
  readonly targetSize?: number;
  readonly recommended?: number;
  /** What the autoscaler recommends was not asked for. */
  readonly unasked: boolean;
  readonly instances?: ReadonlyMap<string, InstanceSample>;
  /** How many of them get requests. */
  readonly serving?: number;
  readonly sample: ScaleSample;
}

export interface Looks {
  readonly all: readonly Look[];
  /** Whether anybody ever tells which instances are healthy. */
  readonly healthKnown: boolean;
}

export function looksOf({ samples }: Timeline): Looks {
  const healthKnown = samples.some(({ group }) => group.healthKnown);
  return { all: samples.map((sample) => lookOf(sample, healthKnown)), healthKnown };
}

function lookOf(sample: ScaleSample, healthKnown: boolean): Look {
  const { at, tookMs = 0, targetSize, stable, instances, autoscaler } = sample.group;
  // A look that failed shows no instances, which does not mean that there are none.
  const told = instances.length > 0 || targetSize !== undefined || stable !== undefined || autoscaler !== undefined;
  const seen = told || sample.problem === undefined;
  const { serving } = countStates(sample.group, healthKnown);
  return {
    at,
    by: at + tookMs,
    ...(targetSize === undefined ? {} : { targetSize }),
    ...(autoscaler?.recommendedSize === undefined ? {} : { recommended: autoscaler.recommendedSize }),
    unasked: autoscaler?.stale === true,
    ...(seen ? { instances: new Map(instances.map((instance) => [instance.name, instance])) } : {}),
    ...(seen && serving !== undefined ? { serving } : {}),
    sample,
  };
}

/**
 * The first of these looks at which something is so. Looks that do not tell are passed over, and make the moment less
 * exact.
 *
 * @param before where to look for the last look without it; the default is the looks themselves
 */
export function firstMoment(
  looks: readonly Look[],
  isSo: (look: Look) => boolean | undefined,
  before?: Look,
): Moment | undefined {
  let last = before;
  for (const look of looks) {
    const answer = isSo(look);
    if (answer === true) return { ...(last === undefined ? {} : { after: last.at }), by: look.by };
    if (answer === false) last = look;
  }
  return undefined;
}
