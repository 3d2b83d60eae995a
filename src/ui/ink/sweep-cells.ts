import { profileOf } from '../../services/load/profiles/profiles.ts';
import { topCounts } from '../../services/load/stats/counts.ts';
import { isRate } from '../../services/results/verdict.ts';
import { isGood, PHASE_NAME } from '../format/sweep.ts';
import { bar, formatMillis, formatRate, type Paint, sparkline, truncateStart } from '../format/text.ts';
import type { ActiveSweep } from './view-model.ts';

/** A labelled row of the panel before it is given a place. */
export interface Cell {
  readonly label: string;
  readonly text: string;
  readonly colour?: Parameters<Paint>[0];
  /** Where there is no room for all, those with the highest rank go first. */
  readonly rank: number;
}

const BAR = 30;
/** The columns of ` warming up 12.3 / 60 s`, at least. */
const POINT_LEGEND = 24;
/** Columns of one percentile with its gap. */
const PERCENTILE = 13;
/** The columns of `p50 a second, up to 1.9 s` and its gap. */
const HISTORY_LEGEND = 28;

/** Where the point is, and what is offered and comes back; `room` is what a text may fill. */
export function figureCells({ plan, current, tick }: ActiveSweep, room: number): Cell[] {
  const rate = tick?.rate ?? rateOf(plan, current);
  const offered = offeredCell(plan, rate);
  const errors = topCounts(Object.entries(tick?.errorsByClass ?? {}), 8).map(
    ([name, count]) => `${name} ${grouped(count)}`,
  );
  const noError = tick?.errorsByClass === undefined ? '-' : 'none';
  return [
    { label: 'point', rank: 3, text: pointText(tick, Math.min(BAR, room - POINT_LEGEND)) },
    {
      label: plan.loop === 'closed' ? 'closed' : 'rate',
      rank: 1,
      text: tick === undefined ? offered : offered + rateText(tick),
    },
    { label: 'answers', rank: 5, text: tick === undefined ? '-' : answersText(tick) },
    { label: 'errors', rank: 6, ...(errors[0] ? { text: errors.join('   '), colour: 'red' } : { text: noError }) },
    { label: 'lateness', rank: 7, text: percentilesText(tick?.lateness, 2, room) },
    { label: 'response', rank: 2, text: percentilesText(tick?.response, 1, room) },
    ...(plan.stream === true ? [{ label: 'ttft', rank: 4, text: percentilesText(tick?.ttft, 1, room) }] : []),
  ];
}

type Tick = NonNullable<ActiveSweep['tick']>;

/** What is offered; a closed loop keeps so many open and sends what comes of that. */
function offeredCell({ loop }: ActiveSweep['plan'], rate: number | undefined): string {
  if (loop === 'closed') return `loop of ${rate ?? '-'} always open`;
  return `offered ${rate === undefined ? '-' : `${formatRate(rate)}/s`}`;
}

/** `1,234`. */
const grouped = (count: number) => count.toLocaleString('en-US');

function pointText(tick: Tick | undefined, width: number): string {
  if (tick === undefined) return bar(0, width);
  const { phase, elapsedSeconds, phaseSeconds } = tick;
  const time = `${elapsedSeconds.toFixed(1)} / ${phaseSeconds.toFixed(0)} s`;
  return `${bar(elapsedSeconds / phaseSeconds, width)} ${PHASE_NAME[phase]} ${time}${phase === 'drain' ? ' at most' : ''}`;
}

function rateText({ phase, sent: count, sentPerSecond, inFlight }: Tick): string {
  // What the warm-up sends is not counted.
  const sent = phase !== 'measure' || !isRate(count) ? '' : `   sent ${formatRate(sentPerSecond)}/s`;
  return `${sent}   in flight ${grouped(inFlight)}`;
}

function answersText({ ok, failed, sent }: Tick): string {
  return `ok ${grouped(ok)}   failed ${grouped(failed)}   of ${grouped(sent)} sent`;
}

function percentilesText(percentiles: Tick['response'], decimals: number, room: number): string {
  if (percentiles === undefined) return '-';
  const names = room < 4 * PERCENTILE ? (['p50', 'p95', 'p99'] as const) : (['p50', 'p90', 'p95', 'p99'] as const);
  return names
    .map((name) => `${name} ${formatMillis(percentiles[name], decimals)}`.padEnd(PERCENTILE))
    .join('')
    .trimEnd();
}

/** The median response time of the last seconds, one block each. */
export function historyCell({ tick }: ActiveSweep, room: number): Cell {
  const history = tick?.responseHistory ?? [];
  const most = Math.max(0, ...history);
  const legend = `  p50 a second, up to ${formatMillis(most)}`;
  const text = most === 0 ? '-' : `${sparkline(history, Math.min(60, room - HISTORY_LEGEND))}${legend}`;
  return { label: 'history', rank: 8, text };
}

/** The rate of a point that has not begun, where it is known. */
export function rateOf(plan: ActiveSweep['plan'], index: number): number | undefined {
  return profileOf(plan).isOpen ? undefined : plan.rates[index];
}

/** Every rate of the ladder with its verdict; cut on the side that is over when not all have room. */
export function ladderCell({ plan, current, points, tick }: ActiveSweep, room: number): Cell {
  const markOf = (point: ActiveSweep['points'][number]) =>
    point.status === 'skipped' ? '•' : isGood(point) ? '✓' : '!';
  const listed = () =>
    plan.rates.map((rate, index) => {
      const point = points.find((done) => done.index === index);
      return `${index === current ? '▸' : point === undefined ? '' : markOf(point)}${formatRate(rate)}`;
    });
  // Where the points are decided while it runs, what was tried, in that order.
  const tried = () => [
    ...points.map((point) => `${markOf(point)}${formatRate(point.rate)}`),
    ...(tick === undefined ? [] : [`▸${formatRate(tick.rate)}`]),
  ];
  const steps = profileOf(plan).isOpen ? tried() : listed();
  const now = Math.min(current, steps.length);
  let from = 0;
  const text = (to?: number) => `${from > 0 ? '… ' : ''}${steps.slice(from, to).join(' ')}`;
  // What is to come may be cut at the end; the current one must not.
  while (from < now && text().length > room && text(now + 3).length > room - 2) from += 1;
  return { label: 'ladder', rank: 9, text: text() };
}

/** Hosts of the answers as bars against the largest share; at most `count` rows, the last one says what is left out. */
export function hostCells({ tick, hosts }: ActiveSweep, count: number, room: number): Cell[] {
  const answers = tick?.hosts ?? {};
  const all = hosts.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const shown = all.length <= count ? all : all.slice(0, Math.max(0, count - 1));
  const total = Object.values(answers).reduce((sum, n) => sum + n, 0);
  const most = Math.max(1, ...Object.values(answers));
  const nameWidth = Math.min(24, Math.max(0, ...shown.map((host) => host.length)));
  const width = Math.max(4, Math.min(BAR, room - nameWidth - 18));
  const texts = shown.map((host) => {
    const n = answers[host] ?? 0;
    const share = `${(total === 0 ? 0 : (n / total) * 100).toFixed(0)} %`.padStart(5);
    return `${truncateStart(host, nameWidth).padEnd(nameWidth)} ${bar(n / most, width)} ${share} ${grouped(n).padStart(8)}`;
  });
  if (shown.length < all.length && count > 0) texts.push(`and ${all.length - shown.length} more hosts`);
  return texts.map((text, index) => ({ label: index === 0 ? 'hosts' : '', text, rank: 10 + index }));
}
