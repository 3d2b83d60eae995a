import { OWN_DESCRIPTORS } from '../engine/descriptors.ts';
import { predictInFlight, type SweepSettings } from '../sweep/sweep-plan.ts';

/** What one process sends on time: 40,000 went out without a drop on two cores shared with the target; this leaves room. */
const RATE_PER_PROCESS = 30_000;
/** Of a closed loop nobody knows how fast the answers come: so many places keep one process busy enough. */
const OPEN_PER_PROCESS = 2000;
/** From so many on, memory matters more than the next collection. */
const MANY_IN_FLIGHT = 5000;
/** More processes than this are a mistake in the plan and not a load. */
const MAX_PROCESSES = 32;

export interface GeneratorPlan {
  readonly processes: number;
  /**
   * Each half of their young generation, megabytes. Few collections make few late requests; but what a request allocates
   * lives for all of its time in flight, and with 13,000 of them a large one costs 209 MB instead of 162 MB.
   */
  readonly nurseryMb: number;
  /** What the descriptors of all processes allow to be open; infinite without a limit. */
  readonly maxInFlight: number;
  /** Why it is more than one process; empty when it is one. */
  readonly reason: string;
}

/** A target under load takes longer than a request that has it for itself; how much longer is not known before. */
const SLOWER_UNDER_LOAD = 4;

/**
 * How many generator processes a sweep takes: one, unless the descriptors of one do not hold what will be in flight, or
 * one core does not send the highest rate and there are more to use; a core is left to the target and the live view. In
 * flight will be what the operator asked for or, by Little's law, as many as a target has that answers a few times slower
 * than to a probe.
 */
export function sweepGenerators(
  options: SweepSettings & { readonly maxInFlight?: number },
  machine: {
    readonly cores: number;
    /** Files that one process may have open; undefined when there is no limit. */
    readonly descriptorLimit: number | undefined;
    /** Of one request with nothing else going on, milliseconds, where it was measured. */
    readonly probeMs?: number;
  },
): GeneratorPlan {
  const rate = Math.max(...options.rates);
  const { cores, descriptorLimit = Number.POSITIVE_INFINITY, probeMs = 0 } = machine;
  const expectedInFlight = options.loop === 'closed' ? rate : inOpenLoop(options, rate, probeMs);
  const each = Math.max(1, descriptorLimit - OWN_DESCRIPTORS);
  const byDescriptors = Math.ceil(expectedInFlight / each);
  const perProcess = options.loop === 'closed' ? OPEN_PER_PROCESS : RATE_PER_PROCESS;
  const byRate = Math.min(Math.ceil(rate / perProcess), Math.max(1, cores - 1));
  const processes = Math.max(1, Math.min(MAX_PROCESSES, Math.max(byDescriptors, byRate)));
  const reason =
    processes === 1
      ? ''
      : byDescriptors >= byRate
        ? `${expectedInFlight} requests in flight need more than the ${descriptorLimit} descriptors of one process`
        : `${rate} ${options.loop === 'closed' ? 'requests always open' : 'requests per second'} are more than one process sends on time`;
  const nurseryMb = expectedInFlight > MANY_IN_FLIGHT ? 4 : 16;
  return { processes, nurseryMb, maxInFlight: processes * each, reason };
}

function inOpenLoop(options: Parameters<typeof sweepGenerators>[0], rate: number, probeMs: number): number {
  const foreseen = options.maxInFlight ?? predictInFlight(options, rate, SLOWER_UNDER_LOAD * probeMs);
  return Math.min(foreseen, Math.ceil(rate * (options.warmupSeconds + options.durationSeconds)));
}
