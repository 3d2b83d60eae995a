import type { ScalingFigures } from '../scaling/elasticity.ts';
import type { ScaleIn } from '../scaling/scale-in.ts';
import type { Reached, ScaleOut } from '../scaling/scale-out.ts';

/** The figures of an instance that came or went, in order, with the heads of their columns. */
export const INSTANCE_FIGURES = {
  scale_out: {
    ...{ created: 'created', running: 'running', healthy: 'healthy', serving: 'serving' },
    ...{ firstAnswer: 'answers', fairShare: 'fair share' },
  },
  scale_in: { drained: 'drained', gone: 'gone' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A change of a group's size, the same for growth and shrinking: every table of a group is made from these. */
export interface SizeChange {
  readonly kind: keyof typeof INSTANCE_FIGURES;
  readonly event: ScaleOut | ScaleIn;
  readonly instances: readonly { readonly name: string; readonly figures: Readonly<Record<string, Reached>> }[];
  /** Of a shrinking: requests of the load that failed meanwhile, where the load was recorded. */
  readonly failed?: number;
}

export function sizeChanges({ scaleOuts, scaleIns }: ScalingFigures): SizeChange[] {
  return [
    ...scaleOuts.map((event): SizeChange => {
      const instances = event.arrivals.map(({ instance, phases }) => ({ name: instance, figures: phases }));
      return { kind: 'scale_out', event, instances };
    }),
    ...scaleIns.map((event): SizeChange => {
      const { answers, departures } = event;
      const instances = departures.map(({ instance, drained, gone }) => ({
        name: instance,
        figures: { drained, gone },
      }));
      return { kind: 'scale_in', event, instances, ...(answers === undefined ? {} : { failed: answers.failed }) };
    }),
  ];
}

/** Growth and shrinking in the order of the decisions. */
export function decisionsOf({ scaleOuts, scaleIns }: ScalingFigures): (ScaleOut | ScaleIn)[] {
  return [...scaleOuts, ...scaleIns].sort((a, b) => a.decided[1] - b.decided[1]);
}
