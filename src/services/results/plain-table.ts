import CliTable from 'cli-table3';
import type { Section, Table } from './section.ts';
import { wrap } from './text.ts';

/** Every piece that the library draws around cells, as nothing. */
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'mid', 'right', 'middle'].flatMap((edge) =>
    ['', '-mid', '-left', '-right'].map((end) => [`${edge}${end}`, '']),
  ),
);

/**
 * A table without borders and colours, so that it can be pasted anywhere. Numbers are right-aligned.
 *
 * @param leftAligned names of the columns that hold words
 */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  leftAligned: readonly string[] = [],
): string {
  const table = new CliTable({
    head: [...head],
    chars: NO_BORDERS,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    colAligns: head.map((name) => (leftAligned.includes(name) ? 'left' : 'right')),
  });
  for (const row of rows) table.push([...row]);
  return table.toString().replaceAll(/ +$/gm, '');
}

/** A table that fits into `columns`: what is least needed is left out until it does. */
export function tableText({ head, rows, words = [], dispensable = [] }: Table, columns: number): string {
  let left = head.map((_, index) => index);
  const draw = () =>
    plainTable(
      left.map((index) => head[index] ?? ''),
      rows.map((row) => left.map((index) => row[index] ?? '')),
      words,
    );
  let text = draw();
  for (const name of dispensable) {
    if (text.split('\n').every((line) => line.length <= columns)) break;
    left = left.filter((index) => head[index]?.trim() !== name);
    text = draw();
  }
  return text;
}

/**
 * A section as a titled block of indented lines; nothing where it is empty.
 *
 * @param columns lines are broken at words to fit, and go on further in
 */
export function sectionText({ title, table, lines = [] }: Section, columns = Number.POSITIVE_INFINITY): string[] {
  const rows = table === undefined || table.rows.length === 0 ? [] : tableText(table, columns - 2).split('\n');
  const block = [...rows, ...lines.flatMap((line) => hanging(line, columns - 2))];
  return block.length === 0 ? [] : [[`${title}:`, ...block.map((line) => `  ${line}`)].join('\n')];
}

/** Lines of at most `width` columns, all but the first indented; words that are longer stay whole. */
export function hanging(line: string, width: number): string[] {
  const [first = '', ...rest] = wrap(line, width);
  return [first, ...wrap(rest.join(' '), width - 2).map((each) => `  ${each}`)];
}
