import { defined } from '../../defined.ts';
import type { Progress } from '../engine/protocol.ts';
import { arrivalsWithin, longestDrain, nextIndexAfter } from '../schedule/arrivals.ts';
import type { Collector } from '../stats/collector.ts';
import type { LiveFigures } from '../stats/live-figures.ts';
import type { SweepPlan, SweepTick } from '../types.ts';
import { timeLeft } from './time-left.ts';

/** Span of the `sentPerSecond` figure: a second, or so many requests where these take longer to come. */
const SPAN_MS = 1000;
const SPAN_REQUESTS = 3;

/** Turns a generator's progress into what a live view shows; keeps the last second of a point. */
export function tickMeter(plan: SweepPlan, index: number, rate: number) {
  const recent: { readonly at: number; readonly sent: number }[] = [];
  const spanMs = Math.max(SPAN_MS, (SPAN_REQUESTS * 1000) / rate);
  const phaseSeconds = { warmup: plan.warmupSeconds, measure: plan.durationSeconds, drain: longestDrain(plan) };
  const before = { warmup: plan.warmupSeconds, measure: 0, drain: -plan.durationSeconds };
  const due = arrivalsWithin(plan.durationSeconds, rate);
  return (progress: Progress, collected: Collector, { response, lateness, history }: LiveFigures): SweepTick => {
    const { phase, elapsedMs, sent, inFlight } = progress;
    // The oldest one kept is at least a span old, so that slow rates are not divided by too little time.
    while ((recent[1]?.at ?? elapsedMs) <= elapsedMs - spanMs) recent.shift();
    recent.push({ at: elapsedMs, sent });
    const oldest = recent[0] ?? { at: elapsedMs, sent };
    const span = elapsedMs - oldest.at;
    const elapsed = elapsedMs / 1000;
    const draining = phase === 'drain';
    const servedRps = collected.roughDepartureRate;
    const left = timeLeft(plan, { index, rate, draining, elapsed, inFlight, servedRps });
    return defined({
      ...{
        index,
        rate,
        phase,
        elapsedSeconds: Math.max(0, elapsed + before[phase]),
        phaseSeconds: phaseSeconds[phase],
      },
      scheduled: elapsedMs < 0 ? 0 : Math.min(nextIndexAfter(elapsedMs, rate), due),
      ...{ sent, ok: collected.outcomes.ok, failed: collected.failed, inFlight },
      sentPerSecond: span <= 0 ? 0 : ((sent - oldest.sent) * 1000) / span,
      etaSeconds: left.seconds,
      etaAtMost: left.atMost || undefined,
      etaOfPoint: left.ofPoint || undefined,
      ...{ response, lateness, errorsByClass: Object.fromEntries(collected.errorsByClass) },
      hosts: Object.fromEntries([...collected.hosts].sort(([a], [b]) => a.localeCompare(b))),
      responseHistory: history,
    });
  };
}
