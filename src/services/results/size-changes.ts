import type { ScalingFigures } from '../scaling/elasticity.ts';
import type { ScaleIn } from '../scaling/scale-in.ts';
import type { Reached, ScaleOut } from '../scaling/scale-out.ts';

/** The figures of an instance that came or went, in order: their names in a CSV, and the heads of their columns. */
export const INSTANCE_FIGURES: Readonly<Record<SizeChange['kind'], Readonly<Record<string, string>>>> = {
  scale_out: {
    created: 'created',
    running: 'running',
    healthy: 'healthy',
    serving: 'serving',
    first_answer: 'answers',
    fair_share: 'fair share',
  },
  scale_in: { drained: 'drained', gone: 'gone' },
};

/** A change of a group's size, the same for growth and shrinking: every table of a group is made from these. */
export interface SizeChange {
  readonly kind: 'scale_out' | 'scale_in';
  readonly event: ScaleOut | ScaleIn;
  readonly instances: readonly { readonly name: string; readonly figures: Readonly<Record<string, Reached>> }[];
  /** Of a shrinking: requests of the load that failed meanwhile, where the load was recorded. */
  readonly failed?: number | undefined;
}

export function sizeChanges({ scaleOuts, scaleIns }: ScalingFigures): SizeChange[] {
  return [
    ...scaleOuts.map((event): SizeChange => {
      const instances = event.arrivals.map(({ instance: name, phases: { firstAnswer, fairShare, ...others } }) => {
        return { name, figures: { ...others, first_answer: firstAnswer, fair_share: fairShare } };
      });
      return { kind: 'scale_out', event, instances };
    }),
    ...scaleIns.map((event): SizeChange => {
      const instances = event.departures.map(({ instance: name, ...figures }) => ({ name, figures }));
      return { kind: 'scale_in', event, instances, failed: event.answers?.failed };
    }),
  ];
}

/** Growth and shrinking in the order of the decisions. */
export function decisionsOf({ scaleOuts, scaleIns }: ScalingFigures): (ScaleOut | ScaleIn)[] {
  return [...scaleOuts, ...scaleIns].sort((a, b) => a.decided[1] - b.decided[1]);
}
