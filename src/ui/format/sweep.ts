import { formatSeconds } from '../../config/durations.ts';
import type { PointSummary, SweepPlan, SweepTick } from '../../services/load/types.ts';
import { formatEstimate, formatRate, plural } from './text.ts';

const PHASE: Readonly<Record<SweepTick['phase'], string>> = {
  warmup: 'warming up',
  measure: 'measuring',
  drain: 'draining',
};

/** `warming up`, `measuring`, `draining`. */
export function phaseName(phase: SweepTick['phase']): string {
  return PHASE[phase];
}

/** What is going to happen, in two lines: target and ladder. A simulated engine is named. */
export function sweepHeader(plan: SweepPlan): string[] {
  const simulated = plan.simulated ? ' (simulated engine)' : '';
  const rates = plan.rates.map(formatRate).join(', ');
  const requests = `${plan.totalRequests.toLocaleString('en-US')} requests`;
  return [
    `Sweep "${plan.tag}" of ${plan.targetUrl}${simulated}`,
    `${plural(plan.rates.length, 'point')} at ${rates} req/s, ${formatEstimate(plan.durationSeconds)} each after ${formatEstimate(plan.warmupSeconds)} of warm-up, ${requests}, about ${formatEstimate(plan.estimateSeconds)} without drains`,
  ];
}

/** Requests of a point that did not succeed, by every way in which one can fail. */
function failedOf(point: PointSummary): number {
  const { ok: _ok, ...failures } = point.outcomes;
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

/** One finished point on one line of at most about 78 columns; what makes it invalid stands behind it. */
export function pointLine(point: PointSummary): string {
  const settled = point.outcomes.ok + failedOf(point);
  const share = settled === 0 ? 0 : (failedOf(point) / settled) * 100;
  const cells = [
    `${formatRate(point.rate).padStart(4)} req/s`,
    `sent ${formatRate(point.sentRps).padStart(5)}/s`,
    // Not the successes over the window: a backlog worked off during the drain would count as speed.
    `served ${point.servedRps.toFixed(1).padStart(5)}/s`,
    `failed ${share.toFixed(share > 0 && share < 10 ? 1 : 0).padStart(3)} %`,
    point.response === undefined ? 'no success' : `p50 ${millis(point.response.p50)}`,
    ...(point.response === undefined ? [] : [`p95 ${millis(point.response.p95)}`]),
  ];
  return cells.join('  ');
}

/** What a reader must know about a point before using it; empty for a valid and complete one. */
export function pointRemarks(point: PointSummary): string[] {
  return [
    ...(point.status === 'interrupted' ? ['interrupted: not the whole duration'] : []),
    ...(point.validity === 'valid' ? [] : [`not valid: ${point.validity}`]),
    ...(point.dropped > 0 ? [`${plural(point.dropped, 'request')} not sent by this machine`] : []),
  ];
}

/** One tick as a sentence, for logs and screen readers. */
export function tickLine(tick: SweepTick, count: number): string {
  const time = `${tick.elapsedSeconds.toFixed(0)} of ${tick.phaseSeconds.toFixed(0)} s`;
  return [
    `point ${tick.index + 1} of ${count}, ${formatRate(tick.rate)} req/s, ${phaseName(tick.phase)} ${time}`,
    `sent ${tick.sent} (${formatRate(tick.sentPerSecond)}/s), in flight ${tick.inFlight}, ok ${tick.ok}, failed ${tick.failed}`,
    `about ${formatEstimate(tick.etaSeconds)} left`,
  ].join('; ');
}

function millis(value: number): string {
  return formatSeconds(value / 1000);
}
