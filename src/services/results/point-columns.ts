import type { Percentiles, PointSummary } from '../load/types.ts';
import { markedText } from './certain.ts';
import type { Table } from './section.ts';
import { errorCounts, rateText, refusers } from './text.ts';
import { isServed, isSound, percentileOf, verdictOf } from './verdict.ts';

/** A time as a renderer writes it: `-` where there is none. */
type TimeText = (ms: number | undefined) => string;

/** Marked where the sample does not carry it. */
function percentile(name: keyof Percentiles) {
  return (point: PointSummary, time: TimeText) => markedText(point.response, name, time(percentileOf(point, name)));
}

/**
 * What a table of points may show, by the name that heads the column: every renderer picks from these. Text of the
 * network is displayable, not escaped.
 */
const CELLS = {
  rps: ({ rate }) => String(rate),
  concurrent: ({ rate }) => String(rate),
  loop: ({ loop = 'open' }) => loop,
  verdict: verdictOf,
  'window s': ({ durationSeconds }) => String(Number(durationSeconds.toFixed(1))),
  'sent/s': ({ sentRps }) => rateText(sentRps),
  'ok/s': ({ okRps }) => rateText(okRps),
  'served/s': (point) => (isServed(point) ? rateText(point.servedRps) : '-'),
  ok: ({ outcomes }) => String(outcomes.ok),
  errors: ({ sent, outcomes }) => String(sent - outcomes.ok),
  p50: percentile('p50'),
  p90: percentile('p90'),
  p95: percentile('p95'),
  p99: percentile('p99'),
  'late p99': ({ lateness }, time) => time(lateness?.p99),
  'late p99 ms': ({ lateness }) => lateness?.p99.toFixed(2) ?? '-',
  'in flight': ({ peakInFlight }) => String(peakInFlight),
  connections: ({ newConnections }) => String(newConnections),
  'errors by class': (point) => errorCounts(point) || '-',
  'refused or failed at': (point) => refusers(point) || '-',
} satisfies Record<string, (point: PointSummary, time: TimeText) => string>;

export type PointColumn = keyof typeof CELLS;

/** What every table of points begins with, in the order in which a reader asks. */
export const RATES_AND_TIMES: readonly PointColumn[] = [
  ...(['sent/s', 'ok/s', 'served/s', 'ok', 'errors'] as const),
  ...(['p50', 'p90', 'p95', 'p99'] as const),
];

/** A row per point, with `mark` before the rate where it is not sound. Where their lengths differ, these are a column. */
export function pointTable(
  points: readonly PointSummary[],
  asked: readonly PointColumn[],
  time: TimeText,
  mark = '',
): Table {
  const columns = columnsOf(asked, points[0] ?? {});
  const lengths = new Set(points.filter(({ status }) => status !== 'skipped').map((point) => point.durationSeconds));
  const head = lengths.size < 2 ? columns : columns.flatMap((name) => (isOffered(name) ? [name, 'window s'] : [name]));
  const rows = points.map((point) => {
    const marked = point.status !== 'skipped' && !isSound(point) ? mark : '';
    return head.map((name) => (isOffered(name) ? marked : '') + pointCell(point, name as PointColumn, time));
  });
  const words = ['verdict', 'errors by class', 'refused or failed at'] satisfies PointColumn[];
  return { head, rows, words, dispensable: ['p90', 'sent/s', 'p95'] satisfies PointColumn[] };
}

function isOffered(name: string): boolean {
  return name === 'rps' || name === 'concurrent';
}

/** One cell. Of a point that never ran, zeros would read as measurements. */
export function pointCell(point: PointSummary, column: PointColumn, time: TimeText): string {
  if (point.status === 'skipped' && !isOffered(column) && column !== 'verdict') return '-';
  return CELLS[column](point, time);
}

/** The columns of a table whose points may be of a closed loop, which says so in a column of its own. */
function columnsOf(columns: readonly PointColumn[], { loop }: Pick<PointSummary, 'loop'>): PointColumn[] {
  if (loop === undefined) return [...columns];
  // What it serves is what it sends, and what is in flight is what it keeps open: only an open loop has a backlog.
  const said: readonly PointColumn[] = ['served/s', 'in flight'];
  return columns.flatMap((name) => (name === 'rps' ? ['concurrent', 'loop'] : said.includes(name) ? [] : [name]));
}
