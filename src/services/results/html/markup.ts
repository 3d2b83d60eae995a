import { display } from '../text.ts';

/** Text for an element or a quoted attribute. Foreign text cannot leave it, and control characters are shown as `?`. */
export function escapeHtml(text: string): string {
  return display(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/**
 * JSON for a `<script type="application/json">`: no `<` is left, so that neither `</script>` nor `<!--` in a host's
 * name ends the element.
 */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** A coordinate: tenths of a unit are finer than any screen. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A table whose first column names its rows. */
export function dataTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  rowClass: (index: number) => string = () => '',
): string {
  const cell = (text: string, index: number) =>
    index === 0 ? `<th scope="row">${escapeHtml(text)}</th>` : `<td>${escapeHtml(text)}</td>`;
  const body = rows.map((row, index) => {
    const name = rowClass(index);
    return `<tr${name === '' ? '' : ` class="${name}"`}>${row.map(cell).join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${head
    .map((name) => `<th scope="col">${escapeHtml(name)}</th>`)
    .join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
}

/** Facts by name. */
export function dataList(facts: readonly (readonly [name: string, text: string])[]): string {
  const items = facts.map(([name, text]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd></div>`);
  return `<dl>${items.join('')}</dl>`;
}
