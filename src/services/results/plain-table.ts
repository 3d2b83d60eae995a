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
 * A table without borders and colours, so that it can be pasted anywhere; numbers are right-aligned. What is least needed
 * is left out until it fits into `columns`.
 */
export function tableText(table: Table, columns = Number.POSITIVE_INFINITY): string {
  const { head, rows, words = [], dispensable = [] } = table;
  const drawn = new CliTable({
    head: [...head],
    chars: NO_BORDERS,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    colAligns: head.map((name) => (words.includes(name) ? 'left' : 'right')),
  });
  drawn.push(...rows.map((row) => [...row]));
  const text = drawn.toString().replaceAll(/ +$/gm, '');
  const [least, ...others] = dispensable;
  const excess = Math.max(0, ...text.split('\n').map((line) => line.length)) - columns;
  if (excess <= 0) return text;
  if (least === undefined) {
    const folded = foldedRows(table, excess);
    return folded === undefined ? text : tableText({ ...table, rows: folded }, columns);
  }
  const pick = (cells: readonly string[]) => cells.filter((_, index) => head[index]?.trim() !== least);
  return tableText({ head: pick(head), rows: rows.map(pick), words, dispensable: others }, columns);
}

/** A column of words is never narrower than this. */
const LEAST_WORDS = 16;

/** Rows whose widest column of words is on several lines; undefined where that makes no room. */
function foldedRows({ head, rows, words = [] }: Table, excess: number): string[][] | undefined {
  const widthOf = (column: number) =>
    Math.max(0, ...rows.flatMap((row) => (row[column] ?? '').split('\n')).map((line) => line.length));
  const columns = head.flatMap((name, column) => (words.includes(name) ? [column] : []));
  const [widest] = columns.toSorted((a, b) => widthOf(b) - widthOf(a));
  if (widest === undefined || widthOf(widest) <= LEAST_WORDS) return undefined;
  const width = Math.max(LEAST_WORDS, widthOf(widest) - excess);
  return rows.map((row) => row.map((cell, column) => (column === widest ? folded(cell, width) : cell)));
}

/** Broken at spaces where there are any, else anywhere. */
function folded(cell: string, width: number): string {
  const pieces = cell.split(/\s+/).flatMap((word) => word.match(new RegExp(`.{1,${width}}`, 'gu')) ?? []);
  return wrap(pieces.join(' '), width).join('\n');
}

/** A section as a titled block of indented lines that fit into `columns`; nothing where it is empty. */
export function sectionText({ title, table, lines = [] }: Section, columns = Number.POSITIVE_INFINITY): string[] {
  const rows = table === undefined || table.rows.length === 0 ? [] : tableText(table, columns - 2).split('\n');
  const block = [...rows, ...lines.flatMap((line) => hanging(line, columns - 2))];
  return block.length === 0 ? [] : [[...hanging(`${title}:`, columns), ...block.map((line) => `  ${line}`)].join('\n')];
}

/** Lines of at most `width` columns, all but the first indented; words that are longer stay whole. */
export function hanging(line: string, width: number): string[] {
  const [first = '', ...rest] = wrap(line, width);
  return [first, ...wrap(rest.join(' '), width - 2).map((each) => `  ${each}`)];
}
