import type { Progress } from '../engine/protocol.ts';
import type { PointSummary, Refuser } from '../types.ts';
import type { Collector } from './collector.ts';
import { judgeState } from './steadiness.ts';
import { judgeValidity } from './validity.ts';

/** What is known about a point beside its records. */
export interface PointFacts {
  readonly index: number;
  readonly rate: number;
  readonly startedAt: string;
  /** The part of the window that was measured, seconds; all of it unless the point was interrupted. */
  readonly durationSeconds: number;
  readonly status: PointSummary['status'];
  readonly warmupSeconds: number;
  /** What was due in that time. */
  readonly scheduled: number;
  readonly maxInFlight: number;
  readonly progress: Progress;
  readonly lost?: string;
  /** Why the point before may still be felt. */
  readonly contaminated?: string;
  readonly perRequestCsv: string;
  /** From the first warm-up request to the end of the drain. */
  readonly wallSeconds: number;
}

/**
 * The figures of one point. Rates divide by the window's duration, not by the time between first and last request.
 *
 * @throws Error when a request is missing from the accounts
 */
export function summarizePoint(facts: PointFacts, collected: Collector): PointSummary {
  const { sent, peakInFlight, newConnections, cpuSeconds } = facts.progress;
  const { scheduled } = facts;
  const dropped = scheduled - sent;
  const outcomes = { ...collected.outcomes };
  checkConservation({
    scheduled,
    sent,
    dropped: facts.lost === undefined ? facts.progress.dropped : dropped,
    outcomes,
  });
  const fairness = fairnessOf(collected.hosts.values());
  const waterfall = collected.hops.summary();
  const { tokens } = collected;
  const servedSeconds = Math.max(facts.durationSeconds, collected.lastOkMs / 1000);
  const stream = collected.stream.summary(servedSeconds);
  const errorsByClass = ranked(collected.errorsByClass);
  const response = collected.response.summary();
  const service = collected.service.summary();
  const lateness = collected.lateness.summary();
  const perSecond = (count: number, seconds: number) => (seconds > 0 ? round(count / seconds) : 0);
  const okRps = perSecond(outcomes.ok, facts.durationSeconds);
  const servedRps = round(Math.min(okRps, collected.departureRate ?? okRps));
  return {
    index: facts.index,
    rate: facts.rate,
    status: facts.status,
    validity: judgeValidity({
      scheduled,
      sent,
      dropped,
      maxInFlight: facts.maxInFlight,
      peakInFlight,
      errorsByClass,
      ...(lateness === undefined ? {} : { latenessP99: lateness.p99 }),
      ...(response === undefined ? {} : { response }),
      ...(facts.lost === undefined ? {} : { lost: facts.lost }),
    }),
    durationSeconds: facts.durationSeconds,
    startedAt: facts.startedAt,
    scheduled,
    sent,
    dropped,
    outcomes,
    errorsByClass,
    sentRps: perSecond(sent, facts.durationSeconds),
    okRps,
    servedRps,
    ...(response === undefined ? {} : { response }),
    ...(service === undefined ? {} : { service }),
    ...(lateness === undefined ? {} : { lateness }),
    hosts: ranked(collected.hosts),
    peakInFlight,
    newConnections,
    generatorCores: perSecond(cpuSeconds, facts.wallSeconds),
    ...(fairness === undefined ? {} : { fairness }),
    // What was stopped says nothing of what would have come.
    ...(facts.status === 'complete'
      ? {
          state: judgeState({
            rate: facts.rate,
            durationSeconds: facts.durationSeconds,
            sentMs: collected.sentMs.view(),
            serviceMs: collected.openMs.view(),
            observed: { atMs: collected.observed.atMs.view(), inFlight: collected.observed.inFlight.view() },
            outcomes,
            statuses: collected.statuses,
            dropped,
            servedRps,
          }),
        }
      : {}),
    ...(facts.contaminated === undefined ? {} : { contaminated: facts.contaminated }),
    ...(waterfall === undefined ? {} : { waterfall }),
    ...(collected.errorTexts.size === 0 ? {} : { errorTexts: Object.fromEntries(collected.errorTexts) }),
    ...(collected.refusedBy.size === 0 ? {} : { refusedBy: ranked(blamed(collected, facts.status)) }),
    ...(tokens.answers === 0
      ? {}
      : {
          tokens: {
            prompt: tokens.prompt,
            output: tokens.output,
            outputPerSecond: perSecond(tokens.output, servedSeconds),
          },
        }),
    ...(stream === undefined ? {} : { stream }),
    perRequestCsv: facts.perRequestCsv,
  };
}

/** Where a point was stopped before its end, this machine did not wait for what was open. */
function blamed({ refusedBy, outcomes }: Collector, status: PointSummary['status']): ReadonlyMap<Refuser, number> {
  const unanswered = refusedBy.get('no_answer') ?? 0;
  const given = status === 'complete' ? 0 : Math.min(unanswered, outcomes.incomplete);
  if (given === 0) return refusedBy;
  const told = new Map(refusedBy).set('client', (refusedBy.get('client') ?? 0) + given);
  if (given === unanswered) told.delete('no_answer');
  else told.set('no_answer', unanswered - given);
  return told;
}

function ranked(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)));
}

/** Three decimals, and as many digits of what is less than that. */
function round(value: number): number {
  return value > 0 && value < 0.1 ? Number(value.toPrecision(3)) : Math.round(value * 1000) / 1000;
}

/**
 * Every request is somewhere: `scheduled = sent + dropped`, and `sent` is the sum of all outcomes.
 *
 * @throws Error, a bug of this program, when it is not so
 */
export function checkConservation({
  scheduled,
  sent,
  dropped,
  outcomes,
}: Pick<PointSummary, 'scheduled' | 'sent' | 'dropped' | 'outcomes'>): void {
  const ended = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  if (scheduled === sent + dropped && sent === ended) return;
  throw new Error(
    `requests were lost in the accounts: scheduled ${scheduled}, sent ${sent}, dropped ${dropped}, ` +
      `outcomes ${JSON.stringify(outcomes)} (sum ${ended})`,
  );
}

/**
 * How evenly the hosts were used.
 *
 * `jain` is (sum x)^2 / (n * sum x^2): 1 when all shares are equal, 1/n when one host has everything (Jain, Chiu and
 * Hawe 1984, "A quantitative measure of fairness and discrimination", DEC-TR-301). A host that answered nothing is not
 * known here and cannot count.
 *
 * @returns undefined without an answer
 */
export function fairnessOf(hosts: Iterable<number>): { readonly jain: number; readonly maxMin: number } | undefined {
  const counts = [...hosts].filter((count) => count > 0);
  if (counts.length === 0) return undefined;
  const sum = counts.reduce((total, count) => total + count, 0);
  const squares = counts.reduce((total, count) => total + count * count, 0);
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return {
    jain: round((sum * sum) / (counts.length * squares)),
    maxMin: round(Math.max(...counts) / Math.min(...counts)),
  };
}
