import type { RecordedScaling } from '../recorded.ts';
import {
  changeLines,
  legendLines,
  metricLines,
  metricRows,
  scaleInTable,
  scaleOutTable,
  scalingRemarks,
  unknownLines,
} from '../scaling-words.ts';
import type { Chart } from './chart-types.ts';
import { figureOf } from './figure.ts';
import { dataTable, escapeHtml } from './markup.ts';

/** What became of a watched group, with its charts. */
export function scalingSection({ figures }: RecordedScaling, charts: readonly Chart[]): string {
  const [out, less, metrics] = [scaleOutTable(figures), scaleInTable(figures), metricRows(figures)];
  const wide = out.rows.length === 0 ? '' : dataTable('Scale-out, seconds', ...byInstance(out));
  const tables = [
    ...(less.rows.length === 0 ? [] : [dataTable('Scale-in, seconds', ...byInstance(less))]),
    ...(metrics.length === 0
      ? []
      : [
          dataTable(
            'Elasticity, metrics of the SPEC research group',
            ['metric', 'per cent'],
            metrics.map(([name, what, value]) => [`${name}: ${what}`, value]),
          ),
        ]),
  ];
  const notes = [
    ...scalingRemarks(figures).map((line) => line.replace(/^! /, '')),
    ...unknownLines(figures),
    ...legendLines(figures),
    ...metricLines(figures),
  ];
  return `<section aria-labelledby="scaling"><h2 id="scaling">Scaling of ${escapeHtml(figures.group)}</h2>
${listOf(changeLines(figures), 'conclusion')}
<div class="charts">
${charts.map(figureOf).join('\n')}
</div>
<div class="scaling">${wide}</div>
<div class="pair">
${tables.join('\n')}
</div>
<details open><summary>Remarks</summary>${listOf(notes)}</details>
</section>`;
}

type Table = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** A row of an HTML table is named by its first cell: here the instance. */
function byInstance({ head, rows }: Table): [head: string[], rows: string[][]] {
  const swap = ([size = '', instance = '', ...more]: readonly string[]) => [instance, size, ...more];
  return [swap(head), rows.map(swap)];
}

function listOf(lines: readonly string[], name = ''): string {
  if (lines.length === 0) return '';
  return `<ul${name === '' ? '' : ` class="${name}"`}>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`;
}
