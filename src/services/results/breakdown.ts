import type { PointSummary, Waterfall } from '../load/types.ts';
import { plainTable, section } from './plain-table.ts';
import { refusers, type TimeColumn, timeColumn } from './text.ts';
import { type Part, partsOf, waterfallTotal } from './waterfall-parts.ts';

/** Where the time went, who refused, and what streamed answers did; each only where the run knows it. */
export function breakdownSections(points: readonly PointSummary[], columns: number): string[] {
  return [
    ...waterfallSections(points, columns),
    ...section(
      'Refused or failed at',
      points.flatMap((point) => {
        const text = refusers(point);
        return text === '' ? [] : [`${point.rate} rps: ${text}`];
      }),
      columns,
    ),
    ...streamSection(points),
  ];
}

/** The points of a run that tell where their time went. */
export function knownWaterfalls(
  points: readonly PointSummary[],
): { readonly rate: number; readonly waterfall: Waterfall }[] {
  return points.flatMap(({ rate, waterfall }) => (waterfall === undefined ? [] : [{ rate, waterfall }]));
}

/** One unit for all of a waterfall, from a second on in seconds: a table of many columns has no room for more. */
export function waterfallTimes(waterfalls: readonly Waterfall[]): TimeColumn {
  return timeColumn(waterfalls.map(waterfallTotal), 1000);
}

/** What the models did with the time that they worked, a row per point; nothing where no engine tells. */
export function workRows(points: readonly PointSummary[]): { readonly head: string[]; readonly rows: string[][] } {
  const known = knownWaterfalls(points);
  const waterfalls = known.map(({ waterfall }) => waterfall);
  const models = partsOf(waterfalls).filter(({ work }) =>
    waterfalls.some((waterfall) => work?.(waterfall) !== undefined),
  );
  if (models.length === 0) return { head: [], rows: [] };
  const time = waterfallTimes(waterfalls);
  const cells = ({ work, of }: Part, waterfall: Waterfall) => {
    const done = work?.(waterfall);
    return [done?.load, done?.prompt, done?.generation, done === undefined ? undefined : of(waterfall)].map(time.text);
  };
  return {
    head: ['rps', ...models.flatMap(({ name }) => [`${name[0]} load`, 'prompt', 'generation', 'model'])],
    rows: known.map(({ rate, waterfall }) => [String(rate), ...models.flatMap((model) => cells(model, waterfall))]),
  };
}

function waterfallSections(points: readonly PointSummary[], columns: number): string[] {
  const known = knownWaterfalls(points);
  if (known.length === 0) return [];
  const waterfalls = known.map(({ waterfall }) => waterfall);
  const parts = partsOf(waterfalls);
  const time = waterfallTimes(waterfalls);
  const tableOf = (withAnswers: boolean) =>
    plainTable(
      ['\nrps', ...parts.map(({ head }) => head.join('\n')), '\nsum', ...(withAnswers ? ['\nanswers'] : [])],
      known.map(({ rate, waterfall }) => [
        String(rate),
        ...parts.map((part) => time.text(part.of(waterfall))),
        time.text(waterfallTotal(waterfall)),
        ...(withAnswers ? [String(waterfall.count)] : []),
      ]),
    );
  const whole = tableOf(true);
  const text = whole.split('\n').every((line) => line.length + 2 <= columns) ? whole : tableOf(false);
  const { head, rows } = workRows(points);
  return [
    ...section(`Where the mean response time went, ${time.unit}`, text.split('\n')),
    ...(rows.length === 0
      ? []
      : section(`What the models did in their time, ${time.unit}`, plainTable(head, rows).split('\n'))),
  ];
}

function streamSection(points: readonly PointSummary[]): string[] {
  const known = points.flatMap(({ rate, stream }) => (stream === undefined ? [] : [{ rate, stream }]));
  if (known.length === 0) return [];
  const time = timeColumn(known.map(({ stream }) => stream.ttft.p99));
  const text = plainTable(
    ['rps', 'ttft p50', 'ttft p99', 'itl p50', 'itl p99', 'tpot p50', 'tpot p99', 'tokens/s'],
    known.map(({ rate, stream: { ttft, itl, tpot, outputTokensPerSecond } }) => [
      String(rate),
      ...[ttft.p50, ttft.p99, itl?.p50, itl?.p99, tpot?.p50, tpot?.p99].map((value) => time.text(value)),
      outputTokensPerSecond.toFixed(1),
    ]),
  );
  return section(`Streamed answers, ${time.unit}`, text.split('\n'));
}
