import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { defined } from '../../defined.ts';
import type { Progress } from '../engine/protocol.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import { arrivalsWithin, longestDrain, nextIndexAfter } from '../schedule/arrivals.ts';
import { endsWithRequests } from '../schedule/window.ts';
import type { Collector } from '../stats/collector.ts';
import type { Percentiles, SecondSample, SweepPlan, SweepTick } from '../types.ts';
import { timeLeft } from './time-left.ts';

const HISTORY_SECONDS = 60;
/** Span of the `sentPerSecond` figure: a second, or so many requests where these take longer to come. */
const SPAN_MS = 1000;
const SPAN_REQUESTS = 3;

/**
 * What a live view shows of a point while it runs. Its percentiles are cheap enough to be asked for four times a second
 * whatever the number of requests: histograms with three figures, 25 ns a record. The final figures come from the
 * samples themselves.
 */
export function livePoint(plan: SweepPlan, index: number, rate: number) {
  const [responses, latenesses, firsts] = Array.from({ length: 3 }, () => createHistogram({ figures: 3 })) as [
    RecordableHistogram,
    RecordableHistogram,
    RecordableHistogram,
  ];
  let responseHistory: readonly number[] = [];
  const recent: Pick<Progress, 'elapsedMs' | 'sent'>[] = [];
  const spanMs = Math.max(SPAN_MS, (SPAN_REQUESTS * 1000) / rate);
  const phaseSeconds = { warmup: plan.warmupSeconds, measure: plan.durationSeconds, drain: longestDrain(plan) };
  const before = { warmup: plan.warmupSeconds, measure: 0, drain: -plan.durationSeconds };
  const due = arrivalsWithin(plan.durationSeconds, rate);
  // Where answers decide what is sent, nothing is scheduled before.
  const follows = plan.loop === 'closed' || (plan.turns ?? 1) > 1;
  const scheduledAt = (elapsedMs: number, sent: number) =>
    follows ? sent : elapsedMs < 0 ? 0 : Math.min(nextIndexAfter(elapsedMs, rate), due);
  return {
    add(records: readonly RequestRecord[]): void {
      for (const { latenessMs, idleMs, serviceMs, outcome, ttft_ms: first } of records) {
        if (latenessMs === undefined) continue;
        record(latenesses, idleMs ?? latenessMs);
        if (outcome !== 'ok' || serviceMs === undefined) continue;
        record(responses, latenessMs + serviceMs);
        if (first !== undefined) record(firsts, latenessMs + first);
      }
    },
    addSecond({ phase, p50 = 0 }: SecondSample): void {
      if (phase !== 'warmup') responseHistory = [...responseHistory, p50].slice(-HISTORY_SECONDS);
    },
    tick(progress: Progress, collected: Collector): SweepTick {
      const { phase, elapsedMs, sent, inFlight } = progress;
      // The oldest one kept is at least a span old, so that slow rates are not divided by too little time.
      while ((recent[1]?.elapsedMs ?? elapsedMs) <= elapsedMs - spanMs) recent.shift();
      recent.push(progress);
      const oldest = recent[0] ?? progress;
      const span = elapsedMs - oldest.elapsedMs;
      const elapsed = elapsedMs / 1000;
      const draining = phase === 'drain';
      const servedRps = collected.roughDepartureRate;
      const left = timeLeft(plan, { index, rate, draining, elapsed, sent, inFlight, servedRps });
      return defined({
        index,
        rate,
        loop: plan.loop,
        phase,
        elapsedSeconds: Math.max(0, elapsed + before[phase]),
        // Of one that ends with its last request, what is expected.
        phaseSeconds: phase === 'measure' && endsWithRequests(plan) ? elapsed + left.seconds : phaseSeconds[phase],
        scheduled: scheduledAt(elapsedMs, sent),
        sent,
        ok: collected.outcomes.ok,
        failed: collected.failed,
        inFlight,
        sentPerSecond: span <= 0 ? 0 : ((sent - oldest.sent) * 1000) / span,
        etaSeconds: left.seconds,
        etaAtMost: left.atMost || undefined,
        etaOfPoint: left.ofPoint || undefined,
        good: collected.objectives.good(sent, elapsed)?.count,
        response: percentilesOf(responses),
        lateness: percentilesOf(latenesses),
        ttft: percentilesOf(firsts),
        errorsByClass: Object.fromEntries(collected.errorsByClass),
        hosts: Object.fromEntries([...collected.hosts].sort(([a], [b]) => a.localeCompare(b))),
        responseHistory,
      });
    },
  };
}

/** In whole microseconds; a histogram refuses 0. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1000)));
}

function percentilesOf(histogram: RecordableHistogram): Percentiles | undefined {
  if (histogram.count === 0) return undefined;
  const at = (percentile: number) => histogram.percentile(percentile) / 1000;
  return { p50: at(50), p90: at(90), p95: at(95), p99: at(99) };
}
