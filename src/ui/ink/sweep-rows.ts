import { phaseName } from '../format/sweep.ts';
import { bar, formatEstimate, formatRate, type Paint, truncate } from '../format/text.ts';
import type { ViewModel } from './view-model.ts';

const BAR = 30;

/** The live panel of a sweep: where on the ladder, what is offered and what comes back. */
export function sweepRows(
  { plan, finished, tick }: NonNullable<ViewModel['sweep']>,
  spinner: string,
  width: number,
  paint: Paint,
): string[] {
  const count = plan.rates.length;
  if (tick === undefined) {
    const rate = plan.rates[finished];
    const next = rate === undefined ? '' : `, ${formatRate(rate)} req/s: starting`;
    return [`${spinner} ${truncate(`point ${Math.min(finished + 1, count)} of ${count}${next}`, width - 2)}`];
  }
  const eta = `${formatEstimate(tick.etaSeconds)} left`;
  const title = `point ${tick.index + 1} of ${count} · ${formatRate(tick.rate)} req/s · ${phaseName(tick.phase)}`;
  const room = Math.min(width, 78) - 2 - eta.length - 1;
  const time = `${tick.elapsedSeconds.toFixed(1)} / ${tick.phaseSeconds.toFixed(0)} s${tick.phase === 'drain' ? ' at most' : ''}`;
  const row = (label: string, text: string) => `  ${paint('dim', label.padEnd(9))}${truncate(text, width - 11)}`;
  const sent = tick.phase === 'drain' ? '' : `   sent ${formatRate(tick.sentPerSecond)}/s`;
  return [
    `${spinner} ${paint('bold', truncate(title, room).padEnd(room))} ${eta}`,
    row(tick.phase === 'drain' ? 'drain' : 'phase', `${bar(tick.elapsedSeconds / tick.phaseSeconds, BAR)} ${time}`),
    row('points', `${bar(tick.index / count, BAR)} ${tick.index} of ${count} finished`),
    row('offered', `${formatRate(tick.rate)}/s${sent}   in flight ${tick.inFlight}`),
    row('answers', `ok ${tick.ok}   failed ${tick.failed}   of ${tick.sent} sent`),
  ];
}
