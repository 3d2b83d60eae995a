import { isSustained } from '../stats/knee.ts';
import type { PointSummary } from '../types.ts';
import { nextSearchPoint, type Search, type Tried } from './knee-search.ts';

/** A point of the ladder. */
interface Rung {
  readonly index: number;
  readonly rate: number;
  /** Where it is not the plan's. */
  readonly durationSeconds?: number;
}

/** Which point comes next, given those that are done; `problem` is why there can be none. */
export type Ladder = (done: readonly PointSummary[]) => Rung | { readonly problem: string } | undefined;

/** Every rate once, in the order given; a point that was interrupted before is missing. */
export function listLadder(rates: readonly number[]): (done: readonly PointSummary[]) => Rung | undefined {
  return (done) => {
    const index = rates.findIndex((_, position) => !done.some((point) => point.index === position));
    const rate = rates[index];
    return rate === undefined ? undefined : { index, rate };
  };
}

/** A search for the knee between two rates; a rate that did not tell comes again, for longer. */
export function searchLadder(search: Search): (done: readonly PointSummary[]) => Rung | undefined {
  return (done) => {
    const tried = done.map(triedOf);
    const next = nextSearchPoint(search, tried);
    return next && { index: done.length, ...next };
  };
}

/** Longer is of use where a valid point was measured to its end; one on the backlog of another gets a second try. */
function triedOf(point: PointSummary): Tried {
  const { rate, durationSeconds, status, validity, state, contaminated } = point;
  const suggested = contaminated === undefined ? state?.suggestedDurationSeconds : 2 * durationSeconds;
  const wantedSeconds = status === 'complete' && validity === 'valid' ? suggested : undefined;
  return {
    rate,
    durationSeconds,
    sustained: isSustained(point),
    servedRps: capacityOf(point),
    ...(wantedSeconds === undefined ? {} : { wantedSeconds }),
  };
}

/**
 * What the target got done. Where nearly everything was answered in the end, what leaves is what comes less what piles
 * up; that is free of the filling and emptying at the ends of a point, which `servedRps` has in it.
 */
function capacityOf({ rate, servedRps, scheduled, outcomes, state }: PointSummary): number {
  const slope = state?.state === 'overloaded' ? (state.inFlightSlope ?? 0) : 0;
  return slope > 0 && outcomes.ok >= 0.98 * scheduled ? Math.max(servedRps, rate - slope) : servedRps;
}

/** A point that was not offered, and why. */
export function skippedPoint(index: number, rate: number, why: string, startedAt: string): PointSummary {
  return {
    index,
    rate,
    status: 'skipped',
    validity: why,
    durationSeconds: 0,
    startedAt,
    ...{ scheduled: 0, sent: 0, dropped: 0, sentRps: 0, okRps: 0, servedRps: 0 },
    outcomes: { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 },
    errorsByClass: {},
    hosts: {},
    ...{ peakInFlight: 0, newConnections: 0, generatorCores: 0 },
    perRequestCsv: '',
  };
}
