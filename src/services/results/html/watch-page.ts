import type { WatchedGroup } from '../recorded.ts';
import { dataList } from './markup.ts';
import { scalingCharts } from './scaling-charts.ts';
import { scalingSection } from './scaling-section.ts';
import { type PageAssets, shellOf } from './shell.ts';

/** A group that was watched without a run of its own, as one HTML file. */
export function watchPageOf({ scaling, name, tag, folder }: WatchedGroup, assets: PageAssets): string {
  const { figures, timeline } = scaling;
  const charts = scalingCharts(scaling);
  const about = [
    ['watch', name],
    ['group', figures.group],
    ['started', figures.startedAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')],
    ['polls', `${figures.looks} in ${figures.seconds.toFixed(0)} s`],
    ['folder', folder],
  ] as const;
  return shellOf(
    {
      title: name,
      heading: tag,
      subheading: timeline.about.url ?? figures.group,
      main: `${scalingSection(scaling, charts)}
<section aria-labelledby="about"><h2 id="about">This watch</h2>
${dataList(about)}</section>`,
      charts,
    },
    assets,
  );
}
