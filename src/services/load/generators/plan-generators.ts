import { OWN_DESCRIPTORS } from '../engine/descriptors.ts';
import { predictInFlight, type SweepSettings } from '../sweep/sweep-plan.ts';

/** What one process sends on time: 40,000 went out without a drop on two cores shared with the target; this leaves room. */
const RATE_PER_PROCESS = 30_000;
/** Of a closed loop nobody knows how fast the answers come: so many places keep one process busy enough. */
const OPEN_PER_PROCESS = 2000;
/** Of streamed answers, nearly each token is a read; 100,000 of them a second, on a core of their own, came too late. */
const TOKENS_PER_PROCESS = 50_000;
/** Tokens of an answer where nobody says how many. */
const USUAL_TOKENS = 200;
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

type Planned = SweepSettings & { readonly maxInFlight?: number; readonly stream?: boolean };

/**
 * How many generator processes a sweep takes: one, unless the descriptors of one do not hold what will be in flight, or
 * one core does not send the highest rate, or read what it streams, and there are more to use; a core is left to the target and the live view. In
 * flight will be what the operator asked for or, by Little's law, as many as a target has that answers a few times slower
 * than to a probe.
 */
export function sweepGenerators(
  options: Planned,
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
  const isClosed = options.loop === 'closed';
  const tokens = options.stream ? tokensPerSecond(options, rate, probeMs) : 0;
  /** More processes than cores help nobody to be on time. */
  const byWork = (work: number, perProcess: number) => Math.min(Math.ceil(work / perProcess), Math.max(1, cores - 1));
  const needs: readonly (readonly [processes: number, reason: string])[] = [
    [1, ''],
    [
      byDescriptors,
      `${expectedInFlight} requests in flight need more than the ${descriptorLimit} descriptors of one process`,
    ],
    [
      byWork(rate, isClosed ? OPEN_PER_PROCESS : RATE_PER_PROCESS),
      `${rate} ${isClosed ? 'requests always open' : 'requests per second'} are more than one process sends on time`,
    ],
    [
      byWork(tokens, TOKENS_PER_PROCESS),
      `some ${Math.round(tokens)} tokens per second are more than one process reads on time`,
    ],
  ];
  const [most, reason] = needs.reduce((first, next) => (next[0] > first[0] ? next : first));
  const processes = Math.min(MAX_PROCESSES, most);
  const nurseryMb = expectedInFlight > MANY_IN_FLIGHT ? 4 : 16;
  return { processes, nurseryMb, maxInFlight: processes * each, reason };
}

/** Streamed tokens that may come a second, as far as is known before. */
function tokensPerSecond({ loop, workload }: Planned, rate: number, probeMs: number): number {
  const most = workload?.maxTokens;
  const each = most?.kind === 'constant' ? most.value : USUAL_TOKENS;
  if (loop !== 'closed') return rate * each;
  return probeMs > 0 ? (rate * each * 1000) / probeMs : 0;
}

function inOpenLoop(options: Planned, rate: number, probeMs: number): number {
  const foreseen = options.maxInFlight ?? predictInFlight(options, rate, SLOWER_UNDER_LOAD * probeMs);
  return Math.min(foreseen, Math.ceil(rate * (options.warmupSeconds + options.durationSeconds)));
}
