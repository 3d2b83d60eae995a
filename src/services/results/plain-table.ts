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
  if (least === undefined || text.split('\n').every((line) => line.length <= columns)) return text;
  const pick = (cells: readonly string[]) => cells.filter((_, index) => head[index]?.trim() !== least);
  return tableText({ head: pick(head), rows: rows.map(pick), words, dispensable: others }, columns);
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
