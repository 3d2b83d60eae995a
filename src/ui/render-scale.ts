import Table from 'cli-table3';
import { formatSeconds } from '../durations.ts';
import { display } from '../services/results/text.ts';
import type { ScaleSample } from '../services/scaling/types.ts';
import type { WatchReport } from '../services/scaling/watch.ts';
import { autoscalerText, hostsText, instanceTable, loadText, sizeText } from './format/scale.ts';
import { errorText } from './format/scale-changes.ts';
import { plural, truncateStart } from './format/text.ts';

/** What a table takes, and what a name keeps of it at least. */
const WIDTH = 80;
const SHORTEST_NAME = 10;

/** How a watch ended, and what the group was like then. */
export function renderWatch(report: WatchReport & { readonly scaleCsv?: string }): string {
  const { last, looks, problems, scaleCsv, runFolder } = report;
  return [
    `${ending(report)} (${plural(looks, 'poll')}${problems === 0 ? '' : `, ${problems} with a problem`}).`,
    ...(last === undefined ? ['The group was never seen.'] : groupLines(last, report.url !== undefined)),
    ...(scaleCsv === undefined ? [] : [`Timeline: ${scaleCsv}`]),
    ...(runFolder === undefined ? [] : [`Run:      ${runFolder}`]),
  ].join('\n');
}

function ending({ group, end, until, seconds }: WatchReport): string {
  const after = `after ${formatSeconds(seconds)}`;
  if (end === 'until') return `${group}: ${until} ${after}`;
  if (end === 'interrupted') return `${group}: interrupted ${after}`;
  return until === undefined ? `${group}: watched for ${formatSeconds(seconds)}` : `${group}: not ${until} ${after}`;
}

function groupLines(last: ScaleSample, asked: boolean): string[] {
  const { group } = last;
  const { heads, rows, widths } = instanceTable(group.instances, group.at);
  // Each column has a line and two spaces beside what it says; the last line ends the table.
  const taken = widths.reduce((sum, width) => sum + 3 + width, 4);
  const table = new Table({ head: ['instance', ...heads], style: { head: [], border: [], compact: true } });
  for (const [index, { name }] of group.instances.entries()) {
    table.push([truncateStart(display(name), Math.max(SHORTEST_NAME, WIDTH - taken)), ...(rows[index] ?? [])]);
  }
  const autoscaler = autoscalerText(group);
  const load = loadText(last);
  return [
    `Size: ${sizeText(group)}`,
    ...(autoscaler === undefined ? [] : [`Autoscaler: ${display(autoscaler)}`]),
    ...(group.instances.length === 0 ? [] : [table.toString()]),
    `Answering: ${asked ? display(hostsText(last)) : 'not asked'}`,
    ...(load === undefined ? [] : [`Load: ${load}`]),
    ...group.errors.map((error) => `Error: ${display(errorText(error))}`),
  ];
}
