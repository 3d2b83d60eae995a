import { unitOf } from '../load/offered.ts';
import { samplesNeeded } from '../load/stats/certainty.ts';
import type { Distribution, PointSummary } from '../load/types.ts';
import type { Section } from './section.ts';
import { timeColumn } from './text.ts';

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;

type Name = keyof typeof QUANTILES;

/** Before a percentile that its sample does not carry, in every table. */
const MARK = '~';

/** What the mark says, under a table that has one. */
const LEGEND = `${MARK}: too few independent answers for a 99 % bound (p99: 459 or more).`;

/** Whether a sample bounds its percentile from above with 99 % confidence. Earlier versions tell the size of it only. */
function isCertain({ upper, count }: Distribution, name: Name): boolean {
  return upper === undefined ? count >= samplesNeeded(QUANTILES[name]) : upper[name] !== undefined;
}

/** A percentile as a table shows it, marked where it is not certain; `-` stays. */
export function markedText(of: Distribution | undefined, name: Name, text: string): string {
  return of === undefined || text === '-' || isCertain(of, name) ? text : `${MARK}${text}`;
}

/** The legend of the mark, where any of these cells has one. */
export function markLegend(rows: readonly (readonly string[])[]): string[] {
  return rows.some((cells) => cells.some((cell) => cell.startsWith(MARK))) ? [LEGEND] : [];
}

/** The upper bounds of the percentiles: what a service may be promised to be, where the figures are what it was. */
export function boundsSection(points: readonly PointSummary[]): Section {
  const known = points.flatMap(({ rate, response, stream }) =>
    response?.upper === undefined || Object.keys(response.upper).length === 0
      ? []
      : [{ rate, of: response.upper, first: stream?.ttft?.upper ?? {} }],
  );
  const columns = [
    ...(['p50', 'p90', 'p95', 'p99'] as const).map(
      (name) => [name, ({ of }: (typeof known)[number]) => of[name]] as const,
    ),
    ['p99.9', ({ of }: (typeof known)[number]) => of.p999] as const,
    ...(['p50', 'p99'] as const).map(
      (name) => [`ttft ${name}`, ({ first }: (typeof known)[number]) => first[name]] as const,
    ),
  ];
  const told = columns.filter(([, value]) => known.some((each) => value(each) !== undefined));
  const time = timeColumn(known.flatMap((each) => told.map(([, value]) => value(each))));
  const rows = known.map((each) => [String(each.rate), ...told.map(([, value]) => time.text(value(each)))]);
  return {
    title: `With 99 % confidence at most, ${time.unit}`,
    table: { head: [unitOf(points[0] ?? {}), ...told.map(([name]) => name)], rows },
  };
}
