import { type Chart, chartData, PALETTE } from './chart.ts';
import { drawChart } from './draw.ts';
import type { Size } from './frame.ts';
import { dataTable, escapeHtml } from './markup.ts';

const SIZES: readonly Size[] = [
  { name: 'wide', width: 760, height: 340 },
  { name: 'narrow', width: 360, height: 300 },
];

/** A chart with its legend, its note and its table: the drawing is complete without the page's script. */
export function figureOf(chart: Chart): string {
  const { columns, series: names } = chartData(chart);
  const title = escapeHtml(chart.title);
  const legend = chart.series.map(
    ({ name, color, dashed }, index) =>
      `<button type="button" class="c${color % PALETTE}${dashed ? ' dashed' : ''}" aria-pressed="true" title="${escapeHtml(name)}" data-series="${index}"><i></i>${escapeHtml(name)}</button>`,
  );
  const hollow = chart.series.some(({ data }) => data.some((datum) => datum.hollow));
  const note = `${chart.note ?? ''}${hollow ? ' Hollow: not sound, see the word above it.' : ''}`.trim();
  return `<figure id="${chart.id}">
<figcaption>${title}</figcaption>
<div class="legend" role="group" aria-label="Shown in ${title}">${legend.join('')}</div>
<div class="plot" tabindex="0" role="group" aria-label="${title}: left and right arrow keys read the values">
${SIZES.map((size) => drawChart(chart, size)).join('\n')}
<div class="tip" role="status" hidden></div>
</div>
${note === '' ? '' : `<p class="note">${escapeHtml(note)}</p>`}
<details><summary>Values</summary>${dataTable(`${chart.title}: ${chart.y.label}`, {
    head: [chart.x.label, ...names],
    rows: columns.map(({ name, cells }) => [name, ...cells]),
  })}</details>
</figure>`;
}
