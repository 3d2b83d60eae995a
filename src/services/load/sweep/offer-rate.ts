import type { Emit } from '../../../events.ts';
import type { Clock } from '../../clock.ts';
import type { Progress, RunOrder } from '../engine/protocol.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { Batch, LoadGenerator, PointEnd } from '../generators/load-generator.ts';
import type { Output, PointOutput } from '../outputs/output.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import type { RunRecord } from '../record/run-record.ts';
import { arrivalsWithin } from '../schedule/arrivals.ts';
import { closedWindowMs } from '../stats/closed-loop.ts';
import { Collector } from '../stats/collector.ts';
import type { Criterion } from '../stats/criterion.ts';
import { spacingOf } from '../stats/due-rate.ts';
import { judgeCriterion } from '../stats/judge-criterion.ts';
import type { TimeName } from '../stats/metrics.ts';
import type { Objectives } from '../stats/objective.ts';
import { summarizePoint } from '../stats/point-summary.ts';
import { Seconds } from '../stats/seconds.ts';
import { changingState } from '../stats/steadiness.ts';
import type { UntilCertain } from '../stats/until-certain.ts';
import type { PointSummary, SweepPlan } from '../types.ts';
import { askedAdder } from '../workload/asked.ts';
import type { LoadedData } from '../workload/loaded.ts';
import { livePoint } from './live-point.ts';
import type { SweepControl } from './sweep-control.ts';
import { isTimetabled, unheardOf } from './unheard-of.ts';
import { watchCertainty } from './watch-certainty.ts';

/** What is open when the operator interrupts gets this long to end. */
export const GRACE_MS = 2000;

/** A busy point reports more often than anybody looks. */
const TICK_MS = 200;

const NOTHING_YET: Progress = {
  phase: 'warmup',
  elapsedMs: 0,
  sent: 0,
  dropped: 0,
  inFlight: 0,
  peakInFlight: 0,
  newConnections: 0,
  cpuSeconds: 0,
};

/** What a sweep and each of its points run in. */
export interface SweepContext {
  readonly clock: Clock;
  readonly emit: Emit;
  /** Stops the sending: the operator's interruption, or a result file that cannot be written. */
  readonly signal: AbortSignal;
  readonly control?: SweepControl | undefined;
}

interface OfferDeps extends SweepContext {
  readonly generator: LoadGenerator;
  readonly record: Pick<RunRecord, 'addSecond'>;
  readonly outputs: readonly Output[];
  /** Conditions that end the point, and with it the sweep. */
  readonly abortOn: readonly Criterion[];
  /** What its requests are judged by, those conditions included. */
  readonly objectives: Objectives;
  /** How long what the workload refers to is. */
  readonly data: LoadedData | undefined;
  /** What ends the point when a percentile is certain. */
  readonly untilCertain?: UntilCertain | undefined;
  /** What was asked for as the length of a point: such a one is no shorter. */
  readonly leastSeconds: number;
  /** Why the point before may still be felt. */
  readonly contaminated: string | undefined;
  /** Called once, when nothing more is sent and what is open gets the time to end. */
  readonly onSent: () => void;
  /** Whether it is the point that an operator sees and steers. */
  readonly isCurrent: () => boolean;
}

export interface PointResult {
  readonly point: PointSummary;
  /** The condition that ended it, and what was seen. */
  readonly abortedBy?: string | undefined;
}

/**
 * Offers one rate and records every request as it ends.
 *
 * @throws RemedyError (exit 3) when the point's file cannot be made
 */
export async function offerRate(plan: SweepPlan, order: RunOrder, deps: OfferDeps): Promise<PointResult> {
  const { generator, record, outputs, clock, emit, control, contaminated, onSent, isCurrent } = deps;
  const { rate, series: index, durationMs, maxInFlight } = order;
  const opened = await openPoint(outputs, rate);
  const collected = new Collector(protocolNamed(order.form.api), deps.objectives);
  const live = livePoint(plan, index, rate);
  const watch = abortWatch(deps.abortOn);
  const ending = new AbortController();
  const signal = AbortSignal.any([deps.signal, ending.signal]);
  const enough = new AbortController();
  const certain = deps.untilCertain && watchCertainty(deps.untilCertain, rate, plan, deps.leastSeconds);
  let abortedBy: string | undefined;
  const seconds = new Seconds(plan.warmupSeconds, plan.durationSeconds, (sample) => {
    record.addSecond(index, rate, sample);
    live.addSecond(sample);
  });
  let progress = NOTHING_YET;
  let shown: Progress = { ...NOTHING_YET, elapsedMs: Number.NEGATIVE_INFINITY };
  const began = clock.monotonic();
  const startedAt = new Date(clock.now() + order.warmupMs).toISOString();
  const withAsked = askedAdder(order.workload, order.seed, deps.data);
  const keep = (records: readonly RequestRecord[]) => {
    for (const one of records) collected.add(one);
    live.add(records);
    seconds.add(records);
    for (const output of opened) output.add(records);
  };
  const onBatch = (batch: Batch) => {
    progress = batch.progress;
    keep(withAsked(batch.records));
    collected.addInFlight(progress.elapsedMs, progress.inFlight);
    seconds.advance(progress);
    if (progress.phase === 'drain' && shown.phase !== 'drain') onSent();
    if (progress.phase !== shown.phase || progress.elapsedMs - shown.elapsedMs >= TICK_MS) {
      shown = progress;
      const tick = live.tick(progress, collected);
      if (isCurrent()) emit({ type: 'sweep-tick', tick });
    }
    if (signal.aborted) return;
    abortedBy = watch(progress, collected);
    if (abortedBy !== undefined) ending.abort();
    else if (progress.phase === 'measure' && certain?.isEnough(progress, collected, emit)) enough.abort();
  };
  let cut = false;
  const unskip = control?.onSkip(() => {
    if (!isCurrent()) return;
    cut = true;
    ending.abort();
  });
  let end: PointEnd;
  try {
    end = await generator.run(order, onBatch, signal, GRACE_MS, enough.signal);
    if (end.type === 'finished') progress = end.progress;
    else {
      const missing = unheardOf(collected, progress.sent, order);
      // What a request asks follows from its session, and nobody knows of which one these are.
      keep((order.turns ?? 1) > 1 ? missing : withAsked(missing));
      // Only what was reported is certain; the batch that was on its way may have had more.
      progress = { ...progress, sent: collected.recorded };
    }
  } finally {
    unskip?.();
    seconds.end();
    await Promise.all(opened.map((output) => output.close()));
  }
  // How much of the window was measured, if the point was stopped before it had ended by itself.
  const lostMs = signal.aborted ? Math.max(0, Math.min(durationMs, progress.elapsedMs)) : undefined;
  const stoppedMs = end.type === 'finished' ? end.stoppedAtMs : lostMs;
  const endedMs = stoppedMs ?? enoughMs(end, order, collected) ?? durationMs;
  const stopped = cut && !deps.signal.aborted ? 'cut' : 'interrupted';
  const isWhole = stoppedMs === undefined || (enough.signal.aborted && !signal.aborted && end.type === 'finished');
  const ended = isWhole ? 'complete' : stopped;
  const point = summarizePoint(
    {
      index,
      rate,
      startedAt,
      loop: plan.loop,
      spacing: spacingOf({ ...plan, arrivals: order.arrivals, varies: plan.workload?.varies }),
      durationSeconds: endedMs / 1000,
      status: abortedBy === undefined ? ended : 'aborted',
      scheduled:
        stoppedMs === undefined && isTimetabled(order)
          ? arrivalsWithin(durationMs / 1000, rate)
          : progress.sent + progress.dropped,
      maxInFlight,
      requests: plan.requests,
      // Where points overlap, what was open at the beginning is of the one before.
      progress: plan.elastic === undefined ? progress : { ...progress, carried: undefined },
      contaminated,
      varies: changingState(plan),
      lost: end.type === 'lost' ? end.why : undefined,
      perRequestCsv: opened.find(({ file }) => file !== undefined)?.file ?? '',
      boundTail: certain?.tail,
      wallSeconds: (clock.monotonic() - began) / 1000,
    },
    collected,
  );
  return { point: certain?.judged(point, collected) ?? point, abortedBy };
}

/** @throws what one of them throws; those that were opened are closed then */
async function openPoint(outputs: readonly Output[], rate: number): Promise<PointOutput[]> {
  const opened: PointOutput[] = [];
  try {
    for (const output of outputs) opened.push(...[(await output.openPoint?.(rate)) ?? []].flat());
    return opened;
  } catch (error) {
    await Promise.all(opened.map((each) => each.close()));
    throw error;
  }
}

/** When a point had sent as many requests as it shall, milliseconds; undefined where the window ended before. */
function enoughMs(end: PointEnd, { concurrency, requests = 0 }: RunOrder, collected: Collector): number | undefined {
  if (end.type !== 'finished' || end.enoughAtMs === undefined) return undefined;
  const ms =
    concurrency === undefined
      ? end.enoughAtMs
      : closedWindowMs(end.enoughAtMs, requests, concurrency, collected.lastEndMs);
  return Number(ms.toFixed(3));
}

/** Fewer requests are no reason to end a sweep. */
const MIN_REQUESTS = 20;
/** Percentiles of all that came so far are worth this much time, and no more, between two looks. */
const EVERY_MS = 500;

/**
 * Looks at a running point. What is still open counts as good: a share of errors is one of everything that was sent, or
 * refusals that come at once would outweigh the answers that take their time.
 *
 * @returns the first condition that holds, with what was seen
 */
function abortWatch(conditions: readonly Criterion[]) {
  let last = Number.NEGATIVE_INFINITY;
  return ({ elapsedMs, sent }: Progress, { outcomes, recorded, failed, objectives }: Collector): string | undefined => {
    if (conditions.length === 0 || sent < MIN_REQUESTS || elapsedMs - last < EVERY_MS) return undefined;
    last = elapsedMs;
    const seconds = elapsedMs / 1000;
    const okRps = outcomes.ok / seconds;
    const good = objectives.good(sent, seconds);
    const measured = {
      outcomes: { ...outcomes, ok: Math.max(0, sent - failed) },
      scheduled: sent,
      okRps,
      servedRps: okRps,
      good: good && { ...good, count: Math.max(0, sent - objectives.bad) },
      times: (of: TimeName) =>
        recorded < MIN_REQUESTS ? undefined : objectives.times(of, { all: recorded, failed }, sent - recorded),
    };
    for (const condition of conditions) {
      const { met, observed } = judgeCriterion(condition, measured);
      if (met) return `${condition.expression}: ${observed} after ${seconds.toFixed(1)} s`;
    }
    return undefined;
  };
}
