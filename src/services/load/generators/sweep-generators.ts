import { predictInFlight, type SweepSettings } from '../sweep/sweep-plan.ts';
import { type GeneratorPlan, planGenerators } from './plan-generators.ts';

/** A target under load takes longer than a request that has it for itself; how much longer is not known before. */
const SLOWER_UNDER_LOAD = 4;

/**
 * How many generator processes a sweep takes: as its highest rate needs, and as many requests in flight as the operator
 * asked for or, by Little's law, a target that answers a few times slower than to a probe.
 */
export function sweepGenerators(
  options: SweepSettings & { readonly maxInFlight?: number },
  machine: {
    readonly cores: number;
    /** Of one process; undefined when there is no limit. */
    readonly descriptorLimit: number | undefined;
    /** Of one request with nothing else going on, milliseconds, where it was measured. */
    readonly probeMs?: number;
  },
): GeneratorPlan {
  const rate = Math.max(...options.rates);
  const { maxInFlight, warmupSeconds, durationSeconds } = options;
  const { probeMs, ...limits } = machine;
  const foreseen = probeMs === undefined ? 0 : predictInFlight(options, rate, SLOWER_UNDER_LOAD * probeMs);
  const sent = Math.ceil(rate * (warmupSeconds + durationSeconds));
  const expectedInFlight = Math.min(maxInFlight ?? foreseen, sent);
  return planGenerators({ ...limits, rate, expectedInFlight });
}
