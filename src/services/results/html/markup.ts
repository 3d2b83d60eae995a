import type { Section, Table } from '../section.ts';
import { display } from '../text.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": '#39' };

/** Text for an element or a quoted attribute. Foreign text cannot leave it, and control characters are shown as `?`. */
export function escapeHtml(text: string): string {
  return display(text).replaceAll(/[&<>"']/g, (sign) => `&${ENTITIES[sign]};`);
}

/** A coordinate: tenths of a unit are finer than any screen. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A table whose first column names its rows; those at the places in `unsound` are not to be relied on. */
export function dataTable(
  caption: string,
  { head, rows, words = [] }: Table,
  unsound: ReadonlySet<number> = new Set(),
): string {
  const label = escapeHtml(caption);
  const classOf = (column: number) => (words.includes(head[column] ?? '') ? ' class="word"' : '');
  const cell = (text: string, column: number) =>
    column === 0 ? `<th scope="row">${escapeHtml(text)}</th>` : `<td${classOf(column)}>${escapeHtml(text)}</td>`;
  const body = rows.map((row, at) => `<tr${unsound.has(at) ? ' class="unsound"' : ''}>${row.map(cell).join('')}</tr>`);
  const heads = head.map(
    (name, column) => `<th scope="col"${classOf(column)}>${escapeHtml(name.replaceAll('\n', ' ').trim())}</th>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><caption>${label}</caption><thead><tr>${heads.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
}

/** The table of a section, where it has one with rows. */
export function sectionTable({ title, table }: Section): string {
  return table === undefined || table.rows.length === 0 ? '' : dataTable(title, table);
}

/** A section whole, in a text of its own: its table, and what is to be known of it. */
export function sectionMarkup(section: Section): string {
  const { table, lines = [] } = section;
  return table === undefined || table.rows.length === 0 ? list(lines) : sectionTable(section) + list(lines, 'below');
}

/** Lines as a list, the rate that one is about in bold; nothing where there are none. */
export function list(lines: readonly string[], name?: string): string {
  if (lines.length === 0) return '';
  const items = lines.map(
    (line) => `<li>${escapeHtml(line).replace(/^[\d.]+ (rps|concurrent)(?=: )/, '<b>$&</b>')}</li>`,
  );
  return `<ul${name === undefined ? '' : ` class="${name}"`}>${items.join('')}</ul>`;
}

/** Facts by name. */
export function dataList(facts: readonly (readonly [name: string, text: string])[]): string {
  const items = facts.map(([name, text]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd></div>`);
  return `<dl>${items.join('')}</dl>`;
}
