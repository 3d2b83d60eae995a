import { numberFlag } from './flags.ts';

/** For the elasticity metrics: what one instance sustains is the measure of demand. */
export const capacityFlag = numberFlag({
  description: 'requests per second that one instance sustains, for the elasticity metrics',
  min: 0.001,
  helpValue: 'RPS',
});
