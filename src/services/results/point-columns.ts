import type { PointSummary } from '../load/types.ts';
import { errorClasses, rateText, refusers } from './text.ts';
import { verdictOf } from './verdict.ts';

/** A time as a renderer writes it: `-` where there is none. */
type TimeText = (ms: number | undefined) => string;

/**
 * What a table of points may show, by the name that heads the column: every renderer picks from these. Text of the
 * network is displayable, not escaped.
 */
const CELLS = {
  rps: ({ rate }) => String(rate),
  verdict: verdictOf,
  'sent/s': ({ sentRps }) => rateText(sentRps),
  'ok/s': ({ okRps }) => rateText(okRps),
  'served/s': ({ servedRps }) => rateText(servedRps),
  ok: ({ outcomes }) => String(outcomes.ok),
  errors: ({ sent, outcomes }) => String(sent - outcomes.ok),
  p50: ({ response }, time) => time(response?.p50),
  p90: ({ response }, time) => time(response?.p90),
  p95: ({ response }, time) => time(response?.p95),
  p99: ({ response }, time) => time(response?.p99),
  'late p99': ({ lateness }, time) => time(lateness?.p99),
  'late p99 ms': ({ lateness }) => lateness?.p99.toFixed(2) ?? '-',
  'in flight': ({ peakInFlight }) => String(peakInFlight),
  connections: ({ newConnections }) => String(newConnections),
  'errors by class': (point) => errorClasses(point) || '-',
  'refused or failed at': (point) => refusers(point) || '-',
} satisfies Record<string, (point: PointSummary, time: TimeText) => string>;

export type PointColumn = keyof typeof CELLS;

/** Columns whose cells hold words, which read from the left. */
export const WORD_COLUMNS: readonly PointColumn[] = ['verdict', 'errors by class', 'refused or failed at'];

/** What every table of points begins with, in the order in which a reader asks. */
export const RATE_COLUMNS: readonly PointColumn[] = ['sent/s', 'ok/s', 'served/s', 'ok', 'errors'];
export const TIME_COLUMNS: readonly PointColumn[] = ['p50', 'p90', 'p95', 'p99'];

/** One cell. Of a point that never ran, zeros would read as measurements. */
export function pointCell(point: PointSummary, column: PointColumn, time: TimeText): string {
  if (point.status === 'skipped' && column !== 'rps' && column !== 'verdict') return '-';
  return CELLS[column](point, time);
}
