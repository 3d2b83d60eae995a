import { defined } from '../../defined.ts';
import type { Progress } from '../engine/protocol.ts';
import type { Refuser } from '../failures.ts';
import type { PointState, PointSummary, TokenFigures } from '../types.ts';
import { closedThroughput, coldThroughput, type Times } from './closed-loop.ts';
import { type Collector, NO_OUTCOMES } from './collector.ts';
import { byCount, OTHER } from './counts.ts';
import { coveredSeconds, dueRps, type Spacing } from './due-rate.ts';
import { round as thousandths } from './percentiles.ts';
import { judgeState } from './steadiness.ts';
import { fellBehind } from './token-rate.ts';
import { judgeValidity } from './validity.ts';

/** What is known about a point beside its records. */
export interface PointFacts
  extends Pick<PointSummary, 'index' | 'rate' | 'startedAt' | 'status' | 'scheduled' | 'perRequestCsv'> {
  /** The part of the window that was measured, seconds; all of it unless the point was interrupted. */
  readonly durationSeconds: number;
  readonly loop?: PointSummary['loop'] | undefined;
  readonly spacing?: Spacing | undefined;
  readonly maxInFlight: number;
  readonly progress: Progress;
  /** Requests after which it ends, where its duration has not ended it. */
  readonly requests?: number | undefined;
  /** Why the generator is gone, when it is. */
  readonly lost?: string | undefined;
  /** Why the point before may still be felt. */
  readonly contaminated?: string | undefined;
  /** Where the rate changes within the point: the state that it then cannot have. */
  readonly varies?: PointState | undefined;
  /** From the first warm-up request to the end of the drain. */
  readonly wallSeconds: number;
  /** The chance that an upper bound of a percentile is wrong, where it is not the usual one. */
  readonly boundTail?: number | undefined;
}

/**
 * The figures of one point. Rates divide by the window's duration (see {@link coveredSeconds}), not by the time between first
 * and last request.
 *
 * @throws Error when a request is missing from the accounts
 */
export function summarizePoint(facts: PointFacts, collected: Collector): PointSummary {
  const { index, rate, status, durationSeconds, startedAt, scheduled, maxInFlight, lost } = facts;
  const { sent, peakInFlight, newConnections, cpuSeconds, windowTokens: arrived } = facts.progress;
  const dropped = scheduled - sent;
  const outcomes = { ...collected.outcomes };
  checkConservation({ scheduled, sent, dropped: lost === undefined ? facts.progress.dropped : dropped, outcomes });
  const errorsByClass = ranked(collected.errorsByClass);
  const [response, service] = [collected.response.summary(facts.boundTail), collected.service.summary(facts.boundTail)];
  const lateness = collected.lateness.summary();
  const perSecond = (count: number, seconds: number) => (seconds > 0 ? round(count / seconds) : 0);
  const spaced = { rate, scheduled, durationSeconds, ...defined({ spacing: facts.spacing }) };
  const covered = coveredSeconds(spaced);
  const okAfterWindow = collected.okAfter(1000 * durationSeconds);
  const isClosed = facts.loop === 'closed';
  const closed = isClosed ? closedFigures(facts, collected) : undefined;
  const backlog = backlogOf(okAfterWindow, facts.progress.carried);
  const okRps = closed?.okRps ?? perSecond(outcomes.ok - backlog, covered);
  const most = perSecond(outcomes.ok, covered);
  const servedRps = closed?.okRps ?? round(Math.min(most, collected.departureRate ?? most));
  const judged = {
    status,
    scheduled,
    sent,
    dropped,
    outcomes,
    maxInFlight,
    peakInFlight,
    errorsByClass,
    response,
    lost,
  };
  // Counts of a closed loop are off by what was open at the ends: its rates divide by what makes them right.
  const seconds = closed === undefined || closed.okRps === 0 ? covered : outcomes.ok / closed.okRps;
  const due = dueRps({ ...spaced, ...defined({ sessions: facts.progress.sessions }) });
  const isCounted = facts.requests !== undefined && scheduled >= facts.requests;
  const evidence = { isCounted, rate: due, durationSeconds, ...collected.evidence, outcomes, dropped, servedRps };
  // What was stopped says nothing of what would have come.
  const isOpen = status === 'complete' && facts.loop === undefined;
  const state = isOpen ? (facts.varies ?? judgeState(evidence)) : undefined;
  const answersPerSecond = isClosed || fellBehind({ ...collected.evidence, state }) ? servedRps : most;
  const tokensPerSecond = (tokens: number) =>
    outcomes.ok === 0 ? 0 : round((tokens / outcomes.ok) * answersPerSecond);
  const stream = collected.stream.summary(tokensPerSecond, facts.boundTail);
  const { texts, refusedBy } = collected;
  const point = defined({
    index,
    rate,
    ...(isClosed ? { loop: 'closed' as const, concurrency: rate } : {}),
    status,
    validity: judgeValidity({ ...judged, latenessP99: lateness?.p99, stream }),
    durationSeconds,
    startedAt,
    scheduled,
    sent,
    dropped,
    outcomes,
    errorsByClass,
    sentRps: closed?.sentRps ?? perSecond(sent, covered),
    okRps,
    okAfterWindow: okAfterWindow || undefined,
    servedRps,
    response,
    service,
    lateness,
    hosts: ranked(collected.hosts),
    peakInFlight,
    newConnections,
    retried: facts.progress.retried || undefined,
    generatorCores: perSecond(cpuSeconds, facts.wallSeconds),
    // Hosts that were not told apart have no shares.
    fairness: collected.hosts.has(OTHER) ? undefined : fairnessOf(collected.hosts.values()),
    state,
    little: closed?.little,
    sessions: facts.progress.sessions,
    contaminated: facts.contaminated,
    waterfall: collected.hops.summary(),
    errorTexts: texts.firsts,
    otherTexts: texts.others,
    models: collected.models.size === 0 ? undefined : ranked(collected.models),
    refusedBy: refusedBy.size === 0 ? undefined : ranked(blamed(collected, status)),
    tokens: tokenFigures(collected.tokens, scheduled, tokensPerSecond, arrived && perSecond(arrived, durationSeconds)),
    stream,
    asked: collected.asked.summary(),
    turns: collected.turns.summary(),
    good: collected.objectives.good(scheduled, seconds),
    perRequestCsv: facts.perRequestCsv,
  });
  const objectives = collected.objectives.figures(point);
  return objectives.length === 0 ? point : { ...point, objectives };
}

/** 97.5th percentile of the standard normal distribution: two-sided 95 %. */
const Z = 1.959964;

/** Standard deviations of a count of chance. */
const CHANCE = 3;

/**
 * Answers that came after the window and are no part of what the target did in it. One that keeps up leaves as many open at
 * the end of the window as it had at its beginning, give or take chance; what is more than that was worked off later.
 *
 * @param carried undefined where it is not known how many were open at the beginning
 */
export function backlogOf(after: number, carried: number | undefined): number {
  if (carried === undefined) return 0;
  const more = after - carried;
  return more > CHANCE * Math.sqrt(after + carried) ? more : 0;
}

/** What a closed loop comes to: its rates are an outcome. */
function closedFigures({ rate, durationSeconds, progress, status }: PointFacts, collected: Collector) {
  const { carriedParts: carried = 0 } = progress;
  const { sentMs, serviceMs } = collected.evidence;
  const all = { sentMs, endMs: sentMs.map((ms, i) => ms + (serviceMs[i] as number)) };
  const rps = closedThroughput(all, carried, durationSeconds);
  const perSecond = (of: Times) =>
    carried === 0 ? coldThroughput(all, of, rate, durationSeconds) : closedThroughput(of, carried, durationSeconds);
  const meanMs = serviceMs.reduce((sum, ms) => sum + ms, 0) / serviceMs.length;
  const isWhole = status === 'complete' && serviceMs.length > 0;
  return {
    okRps: round(perSecond(collected.closedSuccesses)),
    sentRps: round(perSecond(all)),
    little: isWhole ? { expected: rate, observed: thousandths((rps * meanMs) / 1000) } : undefined,
  };
}

/** Requests are due at fixed times: what varies is how many tokens each brings, failures none. */
function tokenFigures(
  { answers, estimated, reasoning, cached, prompt, output, outputSquares }: Collector['tokens'],
  scheduled: number,
  perSecond: (tokens: number) => number,
  arrivedPerSecond: number | undefined,
): TokenFigures | undefined {
  if (answers === 0) return undefined;
  const spread = Z * Math.sqrt(Math.max(0, outputSquares - output ** 2 / scheduled));
  return defined({
    prompt,
    output,
    outputPerSecond: perSecond(output),
    ci: [perSecond(Math.max(0, output - spread)), perSecond(output + spread)] as const,
    arrivedPerSecond,
    promptPerSecond: prompt === 0 ? undefined : perSecond(prompt),
    reasoning: reasoning || undefined,
    cached: cached || undefined,
    answers,
    estimated: estimated || undefined,
  });
}

/** A point that was not offered, and why. */
export function skippedPoint(index: number, rate: number, why: string, startedAt: string): PointSummary {
  const point = { index, rate, status: 'skipped', validity: why, durationSeconds: 0, startedAt } as const;
  const requests = { scheduled: 0, sent: 0, dropped: 0, sentRps: 0, okRps: 0, servedRps: 0 };
  const answers = { outcomes: { ...NO_OUTCOMES }, errorsByClass: {}, hosts: {} };
  const work = { peakInFlight: 0, newConnections: 0, generatorCores: 0 };
  return { ...point, ...requests, ...answers, ...work, perRequestCsv: '' };
}

/** Where a point was stopped before its end, this machine did not wait for what was open. */
function blamed({ refusedBy, outcomes }: Collector, status: PointSummary['status']): ReadonlyMap<Refuser, number> {
  const unanswered = refusedBy.get('no_answer') ?? 0;
  const given = status === 'complete' ? 0 : Math.min(unanswered, outcomes.incomplete);
  if (given === 0) return refusedBy;
  const counts = new Map(refusedBy).set('client', (refusedBy.get('client') ?? 0) + given);
  if (given === unanswered) counts.delete('no_answer');
  else counts.set('no_answer', unanswered - given);
  return counts;
}

function ranked(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(byCount(counts));
}

/** Three decimals, and as many digits of what is less than that. */
function round(value: number): number {
  return value > 0 && value < 0.1 ? Number(value.toPrecision(3)) : thousandths(value);
}

/**
 * Every request is somewhere: `scheduled = sent + dropped`, and `sent` is the sum of all outcomes.
 *
 * @throws Error, a bug of this program, when it is not so
 */
export function checkConservation(accounts: Pick<PointSummary, 'scheduled' | 'sent' | 'dropped' | 'outcomes'>): void {
  const { scheduled, sent, dropped, outcomes } = accounts;
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
  const jain = thousandths((sum * sum) / (counts.length * squares));
  return { jain, maxMin: thousandths(Math.max(...counts) / Math.min(...counts)) };
}
