import type { ScalingFigures } from '../scaling/elasticity.ts';
import { plainTable, section } from './plain-table.ts';
import {
  changeLines,
  legendLines,
  metricLines,
  metricRows,
  scaleInTable,
  scaleOutTable,
  scalingRemarks,
  unknownLines,
} from './scaling-words.ts';
import { display } from './text.ts';

/** Left out in this order until a table fits: the ones beside them tell nearly the same. */
const DISPENSABLE = ['serving', 'running', 'created'];

/**
 * A group's elasticity as blocks of text: what was decided when and why, what became of every instance, the metrics.
 *
 * @param columns width of the place it is written to
 */
export function scalingSections(figures: ScalingFigures, columns: number): string[] {
  const { group, scaleOuts, scaleIns, looks, seconds, originIs } = figures;
  const title = `Scaling of ${display(group)}, times since the ${originIs === 'load' ? 'load began' : 'first look'}`;
  const nothing = `the size did not change in ${looks} ${looks === 1 ? 'look' : 'looks'} over ${seconds.toFixed(0)} s`;
  const changed = scaleOuts.length + scaleIns.length > 0;
  return [
    ...section(title, changed ? changeLines(figures) : [nothing], columns),
    ...tableSection('Scale-out, seconds', scaleOuts.length === 0 ? undefined : scaleOutTable(figures), columns),
    ...tableSection('Scale-in, seconds', scaleIns.length === 0 ? undefined : scaleInTable(figures), columns),
    ...section('How to read them', legendLines(figures), columns),
    ...section('Not known', unknownLines(figures), columns),
    ...section('Elasticity (metrics of the SPEC research group), per cent', [
      ...plainTableLines(metricRows(figures)),
      ...section('', metricLines(figures), columns).flatMap((text) =>
        text
          .split('\n')
          .slice(1)
          .map((line) => line.slice(2)),
      ),
    ]),
    ...section('Remarks on scaling', scalingRemarks(figures), columns),
  ];
}

/** The same where no load was run: `scale-watch`. */
export function scalingText(figures: ScalingFigures, columns: number): string {
  return `${scalingSections(figures, columns).join('\n\n')}\n`;
}

function tableSection(
  title: string,
  table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } | undefined,
  columns: number,
): string[] {
  if (table === undefined) return [];
  let left = table.head.map((_, index) => index);
  const draw = () =>
    plainTable(
      left.map((index) => table.head[index] ?? ''),
      table.rows.map((row) => left.map((index) => row[index] ?? '')),
      ['size', 'instance'],
    ).split('\n');
  let lines = draw();
  for (const name of DISPENSABLE) {
    if (lines.every((line) => line.length <= columns - 2)) break;
    left = left.filter((index) => table.head[index] !== name);
    lines = draw();
  }
  return section(title, lines);
}

function plainTableLines(rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return plainTable(['metric', 'what', '%'], rows, ['metric', 'what']).split('\n');
}
