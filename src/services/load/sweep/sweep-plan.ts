import { arrivalsBefore, arrivalsWithin } from '../schedule/arrivals.ts';
import type { SweepPlan } from '../types.ts';

/** Descriptors that a generator needs for itself: channel, thread, standard streams, name resolution. */
const RESERVED_DESCRIPTORS = 64;
/** Source ports per destination with Linux' default `ip_local_port_range` are 28,232; some are always in use. */
const PORT_BUDGET = 28_000;

/** How a sweep is to be run; all times in seconds. */
export interface SweepSettings {
  readonly targetUrl: string;
  readonly tag: string;
  readonly rates: readonly number[];
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
  readonly timeoutSeconds: number;
  readonly drainSeconds: number;
}

/** The bound of open requests where none was asked for: what descriptors and source ports allow. */
export function defaultMaxInFlight(descriptorLimit: number | undefined): number {
  return Math.max(1, Math.min(PORT_BUDGET, (descriptorLimit ?? Number.POSITIVE_INFINITY) - RESERVED_DESCRIPTORS));
}

/** What the sweep is going to do, computed before the first request. */
export function planSweep(
  settings: SweepSettings,
  known: { readonly runId: string; readonly simulated: boolean; readonly maxInFlight: number },
): SweepPlan {
  const { rates, durationSeconds, warmupSeconds } = settings;
  return {
    runId: known.runId,
    tag: settings.tag,
    targetUrl: settings.targetUrl,
    simulated: known.simulated,
    rates,
    durationSeconds,
    warmupSeconds,
    timeoutSeconds: settings.timeoutSeconds,
    drainSeconds: settings.drainSeconds,
    maxInFlight: known.maxInFlight,
    totalRequests: measuredRequests(settings),
    warmupRequests: rates.reduce((sum, rate) => sum + arrivalsBefore(warmupSeconds, rate), 0),
    estimateSeconds: rates.length * (durationSeconds + warmupSeconds),
  };
}

export function measuredRequests({ rates, durationSeconds }: SweepSettings): number {
  return rates.reduce((sum, rate) => sum + arrivalsWithin(durationSeconds, rate), 0);
}

/**
 * Points at which the bound of requests in flight can be reached: by Little's law `rate * service time` are open, and
 * never more than are sent.
 *
 * @returns one sentence per such point, with the service time from which on it happens
 */
export function inFlightWarnings(plan: SweepPlan): string[] {
  return plan.rates.flatMap((rate) => {
    const longest = Math.min(plan.timeoutSeconds, plan.warmupSeconds + plan.durationSeconds);
    if (rate * longest <= plan.maxInFlight) return [];
    const seconds = (plan.maxInFlight / rate).toFixed(1);
    return [
      `at ${rate} requests per second, answers slower than ${seconds} s reach the bound of ${plan.maxInFlight} in ` +
        'flight; what is due beyond it is dropped and counted, and the point is invalid',
    ];
  });
}
