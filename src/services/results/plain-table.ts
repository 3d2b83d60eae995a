import Table from 'cli-table3';
import { wrap } from './text.ts';

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

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
  const table = new Table({
    head: [...head],
    chars: NO_BORDERS,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    colAligns: head.map((name) => (leftAligned.includes(name) ? 'left' : 'right')),
  });
  for (const row of rows) table.push([...row]);
  return table.toString().replaceAll(/ +$/gm, '');
}

/**
 * A titled block of indented lines; nothing when there are none.
 *
 * @param columns lines are broken at words to fit, and go on further in; without it they stay whole
 */
export function section(title: string, lines: readonly string[], columns?: number): string[] {
  if (lines.length === 0) return [];
  const fitted = columns === undefined ? lines : lines.flatMap((line) => hanging(line, columns - 2));
  return [[`${title}:`, ...fitted.map((line) => `  ${line}`)].join('\n')];
}

/** Lines of at most `width` columns, all but the first indented; words that are longer stay whole. */
export function hanging(line: string, width: number): string[] {
  const [first = '', ...rest] = wrap(line, width);
  return [first, ...wrap(rest.join(' '), width - 2).map((each) => `  ${each}`)];
}
