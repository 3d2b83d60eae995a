import type { RecordedScaling } from '../recorded.ts';
import { scalingSections } from '../scaling-sections.ts';
import type { Chart } from './chart-types.ts';
import { figureOf } from './figure.ts';
import { escapeHtml, list, sectionTable } from './markup.ts';

/** What became of a watched group, with its charts. */
export function scalingSection({ figures }: RecordedScaling, charts: readonly Chart[]): string {
  const [changes, out, ...others] = scalingSections(figures);
  const notes = others.flatMap(({ lines = [] }) => lines.map((line) => line.replace(/^! /, '')));
  return `<section aria-labelledby="scaling"><h2 id="scaling">${escapeHtml(changes?.title ?? '')}</h2>
${list(changes?.lines ?? [], 'conclusion')}
<div class="charts">
${charts.map(figureOf).join('\n')}
</div>
<div class="scaling">${out === undefined ? '' : sectionTable(out)}</div>
<div class="pair">
${others.map(sectionTable).join('\n')}
</div>
<details open><summary>Remarks</summary>${list(notes)}</details>
</section>`;
}
