import { type RecordedScaling, timeOf, type WatchedGroup } from '../recorded.ts';
import { scalingSections } from '../scaling-sections.ts';
import type { Chart } from './chart.ts';
import { figureOf } from './figure.ts';
import { dataList, escapeHtml, list, sectionTable } from './markup.ts';
import { scalingCharts } from './scaling-charts.ts';
import { builtAssets, shellOf } from './shell.ts';

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

/**
 * A group that was watched without a run of its own, as one HTML file.
 *
 * @throws what {@link builtAssets} throws
 */
export function watchPageOf({ scaling, name, tag, folder }: WatchedGroup, assets = builtAssets()): string {
  const { figures, timeline } = scaling;
  const charts = scalingCharts(scaling);
  const about = [
    ['watch', name],
    ['group', figures.group],
    ['started', timeOf(figures.startedAt)],
    ['polls', `${figures.looks} in ${figures.seconds.toFixed(0)} s`],
    ['folder', folder],
  ] as const;
  const main = `${scalingSection(scaling, charts)}
<section aria-labelledby="about"><h2 id="about">This watch</h2>
${dataList(about)}</section>`;
  return shellOf({ title: name, heading: tag, subheading: timeline.about.url ?? figures.group, main, charts }, assets);
}
