import type { EventOf } from '../../events.ts';
import { offeredText } from '../../services/load/offered.ts';
import { profileOf } from '../../services/load/profiles/profiles.ts';
import { topCounts } from '../../services/load/stats/counts.ts';
import type { PointSummary, SweepPlan, SweepTick } from '../../services/load/types.ts';
import { markedText } from '../../services/results/certain.ts';
import { failureText } from '../../services/results/text.ts';
import { isRate, isServed, isSound, percentileOf, remarksOf, verdictOf } from '../../services/results/verdict.ts';
import { formatEstimate, formatMillis, formatRate, plural } from './text.ts';

export const PHASE_NAME: Readonly<Record<SweepTick['phase'], string>> = {
  warmup: 'warming up',
  measure: 'measuring',
  drain: 'draining',
};

/** What is going to happen, in two lines: the target and the steps. A simulated engine is named. */
export function sweepHeader(plan: SweepPlan): string[] {
  const { tag, targetUrl, simulated, sharedPrefixTokens: shared } = plan;
  const profile = profileOf(plan);
  const engine = simulated ? ' (simulated engine)' : '';
  const prompts = shared === undefined ? '' : `, prompts with about ${shared} tokens in common`;
  return [`${profile.title} "${tag}" of ${targetUrl}${engine}${prompts}`, profile.describe(plan)];
}

/** Whether a point shows a target that keeps up: nothing that a reader has to look into. */
export function isGood(point: PointSummary): boolean {
  // Runs of the first versions do not know about states.
  return isSound(point) && point.outcomes.ok > 0 && (point.state === undefined || point.state.state === 'steady');
}

/** One finished point on one line of at most 76 columns; what makes it doubtful stands behind it. */
export function pointLine(point: PointSummary): string {
  const rate = point.loop === 'closed' ? `${point.rate} open`.padStart(7) : `${formatRate(point.rate).padStart(5)}/s`;
  const verdict = verdictOf(point);
  // Nothing was offered: a row of zeros would look like a target that answered nothing.
  if (point.sent + point.dropped === 0) return `${rate}  ${verdict}`;
  const percentiles = (['p50', 'p95', 'p99'] as const).map((name) => {
    const ms = percentileOf(point, name);
    return `${name} ${markedText(point.response, name, ms === undefined ? '-' : formatMillis(ms)).padEnd(6)}`;
  });
  const cells = [
    rate,
    verdict.padEnd('contaminated'.length),
    // Not the successes over the window: a backlog worked off during the drain would count as speed.
    isServed(point) ? `served ${formatRate(point.servedRps).padStart(5)}/s` : 'served     -  ',
    point.response === undefined ? 'no success' : percentiles.join(' '),
  ];
  return cells.join('  ').trimEnd();
}

/** What a reader must know about a point before using it; empty for one that is sound, steady and free of errors. */
export function pointRemarks(point: PointSummary): string[] {
  return [
    ...remarksOf(point).map((remark) => remark.replace(/^! /, '')),
    ...failureRemark(point),
    ...(point.dropped > 0 ? [`${plural(point.dropped, 'request')} not sent by this machine`] : []),
  ];
}

function failureRemark(point: PointSummary): string[] {
  const { outcomes, errorsByClass } = point;
  const { ok, ...failures } = outcomes;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const classes = topCounts(Object.entries(errorsByClass), 5);
  // That all failed alike is said already.
  if (failed === 0 || (ok === 0 && classes.length === 1)) return [];
  const share = (failed / (failed + ok)) * 100;
  const texts = classes.map(([name, count]) => {
    const text = failureText(point, name);
    return `${name} ${count.toLocaleString('en-US')}${text === '' ? '' : ` (${text})`}`;
  });
  const by = texts.length === 0 ? '' : `: ${texts.join(', ')}`;
  return [`${share.toFixed(share < 9.95 ? 1 : 0)} % failed${by}`];
}

/** Why the next point does not begin yet. */
export function waitingLine(event: EventOf<'sweep-waiting'>): string {
  const { rate, reason, boundSeconds } = event;
  const bound = formatEstimate(boundSeconds);
  return `waiting up to ${bound} for the target to calm down before ${offeredText(rate, event)}: ${reason}`;
}

/** One tick as a sentence, for logs and screen readers. */
export function tickLine(tick: SweepTick, count: string): string {
  const time = `${tick.elapsedSeconds.toFixed(0)} of ${tick.phaseSeconds.toFixed(0)} s`;
  const { response, lateness, ttft } = tick;
  return [
    `point ${tick.index + 1} of ${count}, ${offeredText(tick.rate, tick)}, ${PHASE_NAME[tick.phase]} ${time}`,
    `sent ${tick.sent}${isRate(tick.sent) ? ` (${formatRate(tick.sentPerSecond)}/s)` : ''}, in flight ${tick.inFlight}, ok ${tick.ok}, failed ${tick.failed}${tick.good === undefined ? '' : `, good ${tick.good}`}`,
    ...(response === undefined ? [] : [`p50 ${formatMillis(response.p50)}, p95 ${formatMillis(response.p95)}`]),
    ...(ttft === undefined ? [] : [`ttft p50 ${formatMillis(ttft.p50)}, p95 ${formatMillis(ttft.p95)}`]),
    ...(lateness === undefined ? [] : [`lateness p99 ${formatMillis(lateness.p99, 2)}`]),
    leftText(tick, 'about '),
  ].join('; ');
}

/** `12 s left`, `at most 2m 05s left`, `12 s left of this point`. */
export function leftText({ etaSeconds, etaAtMost, etaOfPoint }: SweepTick, about = ''): string {
  const left = `${etaAtMost === true ? 'at most ' : about}${formatEstimate(etaSeconds)} left`;
  return etaOfPoint === true ? `${left} of this point` : left;
}
