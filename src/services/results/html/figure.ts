import { type Chart, cellsOf, columnsOf, PALETTE } from './chart-types.ts';
import { drawChart } from './draw.ts';
import type { Size } from './frame.ts';
import { dataTable, escapeHtml } from './markup.ts';

const SIZES: readonly Size[] = [
  { name: 'wide', width: 760, height: 340 },
  { name: 'narrow', width: 360, height: 300 },
];

/** What the page's script has to know of a chart to answer a pointer or a key. */
export interface ChartData {
  readonly id: string;
  readonly series: readonly string[];
  readonly columns: readonly { readonly name: string; readonly cells: readonly string[] }[];
}

export function chartData(chart: Chart): ChartData {
  const xs = columnsOf(chart);
  const cells = cellsOf(chart, xs);
  return {
    id: chart.id,
    series: chart.series.map(({ name }) => name),
    columns: xs.map((x, at) => ({ name: chart.columnName(x), cells: cells[at] ?? [] })),
  };
}

/** A chart with its legend, its note and its table: the drawing is complete without the page's script. */
export function figureOf(chart: Chart): string {
  const { columns } = chartData(chart);
  const legend = chart.series.map(
    ({ name, color, dashed }, index) =>
      `<button type="button" class="c${color % PALETTE}${dashed ? ' dashed' : ''}" aria-pressed="true" title="${escapeHtml(name)}" data-series="${index}"><i></i>${escapeHtml(name)}</button>`,
  );
  const hollow = chart.series.some(({ data }) => data.some((datum) => datum.hollow));
  const notes = [chart.note ?? '', hollow ? 'Hollow: not sound, see the word above it.' : ''].filter(
    (text) => text !== '',
  );
  return `<figure id="${chart.id}">
<figcaption>${escapeHtml(chart.title)}</figcaption>
<div class="legend" role="group" aria-label="Shown in ${escapeHtml(chart.title)}">${legend.join('')}</div>
<div class="plot" tabindex="0" role="group" aria-label="${escapeHtml(chart.title)}: left and right arrow keys read the values">
${SIZES.map((size) => drawChart(chart, size)).join('\n')}
<div class="tip" role="status" hidden></div>
</div>
${notes.length === 0 ? '' : `<p class="note">${escapeHtml(notes.join(' '))}</p>`}
<details><summary>Values</summary>${dataTable(`${chart.title}: ${chart.y.label}`, {
    head: [chart.x.label, ...chart.series.map(({ name }) => name)],
    rows: columns.map(({ name, cells }) => [name, ...cells]),
  })}</details>
</figure>`;
}
