import { unitOf } from '../load/offered.ts';
import type { PointSummary } from '../load/types.ts';
import type { Section, Table } from './section.ts';
import { timeColumn } from './text.ts';

/** Sum over points; undefined where none of them knows. */
function sumOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function countText(value: number | undefined): string {
  return value === undefined ? '-' : String(value);
}

/** How much was sent and answered in all, and the figures of a distribution that are no percentile. */
export function totalsSection(points: readonly PointSummary[]): Section {
  const unit = unitOf(points[0] ?? {});
  const measured = points.filter(({ status, sent }) => status !== 'skipped' && sent > 0);
  const hasTokens = measured.some(({ tokens }) => tokens !== undefined);
  const isStreamed = measured.some(({ stream }) => stream !== undefined);
  // Never in seconds where tokens come: milliseconds apart, also where answers take long.
  const time = timeColumn(
    measured.map(({ response }) => response?.max),
    ...(isStreamed ? [Number.POSITIVE_INFINITY] : []),
  );
  const counts = (of: readonly PointSummary[]) => [
    String(Number((sumOf(of.map(({ durationSeconds }) => durationSeconds)) ?? 0).toFixed(1))),
    countText(sumOf(of.map(({ sent }) => sent))),
    // No prompt has no tokens: nobody counted them.
    ...(hasTokens
      ? [
          countText(sumOf(of.map(({ tokens }) => tokens?.prompt)) || undefined),
          countText(sumOf(of.map(({ tokens }) => tokens?.output))),
        ]
      : []),
  ];
  const rows = measured.map((point) => {
    const { rate, response, stream } = point;
    return [
      ...[String(rate), ...counts([point])],
      ...[response?.min, response?.mean, response?.max].map(time.text),
      ...(isStreamed ? [time.text(stream?.ttft?.mean), time.text(stream?.tpot?.mean)] : []),
    ];
  });
  const fullHead = [
    ...[unit, 'seconds', 'sent', ...(hasTokens ? ['prompt tokens', 'output tokens'] : [])],
    ...['min', 'mean', 'max', ...(isStreamed ? ['ttft mean', 'tpot mean'] : [])],
  ];
  const hasTwoLines = hasTokens || isStreamed;
  const head = fullHead.map((name) =>
    name.includes(' ') ? name.replace(' ', '\n') : `${hasTwoLines ? '\n' : ''}${name}`,
  );
  const table: Table = {
    head,
    fullHead,
    dispensable: ['tpot\nmean', 'ttft\nmean'],
    // A mean over different rates would be of no load that there was.
    rows: rows.length < 2 ? rows : [...rows, filled(['all', ...counts(measured)], rows[0]?.length)],
  };
  return { title: `Totals, and response times of successes in ${time.unit}`, table };
}

function filled(cells: readonly string[], length = 0): string[] {
  return [...cells, ...Array.from({ length: length - cells.length }, () => '')];
}
