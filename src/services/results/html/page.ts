import { formatSeconds } from '../../../durations.ts';
import type { PointSummary, SweepReport } from '../../load/types.ts';
import { conclusionLines } from '../conclusion.ts';
import { countingOf } from '../counting-points.ts';
import { isServed } from '../few-answers.ts';
import { type PointColumn, pointTable, RATE_COLUMNS, TIME_COLUMNS } from '../point-columns.ts';
import { factsOf, type ReportedRun } from '../recorded.ts';
import { remarkLines, sweepSections } from '../sweep-sections.ts';
import { errorClasses, rateText, refusers, sharedPromptLine, shareText, timeText } from '../text.ts';
import { isSound, verdictOf } from '../verdict.ts';
import { figureOf } from './figure.ts';
import { dataList, dataTable, escapeHtml, list, sectionTable } from './markup.ts';
import {
  latencyChart,
  outcomeChart,
  speedupChart,
  streamCharts,
  throughputChart,
  waterfallChart,
} from './point-charts.ts';
import { scalingCharts } from './scaling-charts.ts';
import { scalingSection } from './scaling-section.ts';
import { type PageAssets, shellOf } from './shell.ts';
import { timeCharts } from './time-charts.ts';

/** A recorded run as one HTML file. */
export function pageOf(run: ReportedRun, assets: PageAssets): string {
  const { report } = run;
  const { plan, points } = report;
  const charts = [
    ...throughputChart(report),
    ...latencyChart(report),
    ...speedupChart(report),
    ...waterfallChart(report),
    ...outcomeChart(report),
    ...streamCharts(report),
    ...timeCharts(run),
  ];
  const load = { plan, points, series: run.series };
  const scaling = run.scaling === undefined ? [] : scalingCharts(run.scaling, load);
  const simulated = plan.simulated
    ? '<p class="simulated" role="note"><strong>SIMULATED</strong> The engine was simulated: these figures say nothing about a real model.</p>'
    : '';
  const prompts = sharedPromptLine(plan).map((line) => `<p>${line}</p>`);
  const main = `${[simulated, ...prompts].join('\n')}
${endingOf(report)}
${cardsOf(report)}
${list(conclusionLines(report), 'conclusion')}
<section aria-labelledby="points"><h2 id="points">Points</h2>
${pointsTable(points)}
${remarksList(report)}
</section>
${run.scaling === undefined ? '' : scalingSection(run.scaling, scaling)}
<section aria-labelledby="charts"><h2 id="charts">Charts</h2>
<div class="charts">
${charts.length === 0 ? '<p>No point was measured: there is nothing to draw.</p>' : charts.map(figureOf).join('\n')}
</div></section>
${hostSection(report)}
<section aria-labelledby="about"><h2 id="about">This run</h2>
${dataList(aboutOf(run))}</section>`;
  return shellOf(
    {
      title: `${plan.simulated ? 'SIMULATED ' : ''}${plan.runId}`,
      heading: plan.tag,
      subheading: plan.targetUrl,
      main,
      charts: [...scaling, ...charts],
    },
    assets,
  );
}

function endingOf({ status, problem }: SweepReport): string {
  if (problem !== undefined) return `<p class="alert">Ended early: ${escapeHtml(problem)}</p>`;
  return status === 'complete' ? '' : '<p class="alert">Interrupted: not the whole ladder was measured.</p>';
}

function cardsOf(report: SweepReport): string {
  const { points, knee, slos = [], plan, elastic } = report;
  const good = points.filter((point) => isSound(point) && verdictOf(point) !== 'failed');
  // Not the successes over the window: a backlog that is worked off after it would count as speed.
  const best = countingOf(report)
    .filter((point) => isSound(point) && isServed(point))
    .reduce<PointSummary | undefined>(
      (most, point) => (point.servedRps > (most?.servedRps ?? -1) ? point : most),
      undefined,
    );
  const requests = points.reduce((sum, { sent }) => sum + sent, 0);
  const ok = points.reduce((sum, { outcomes }) => sum + outcomes.ok, 0);
  const failed = slos.filter(({ passed }) => !passed).length;
  const cards: [name: string, value: string, more: string][] = [
    elastic === undefined
      ? [
          'knee',
          knee === undefined ? 'not found' : `${knee.rate} rps`,
          knee?.above === undefined ? 'highest sustained rate' : `${knee.above} was not sustained`,
        ]
      : [
          'size',
          [elastic.startSize, elastic.peakSize, elastic.endSize].join(' \u2192 '),
          'instances that served: first, most, last',
        ],
    [
      'most served',
      best === undefined ? '-' : `${rateText(best.servedRps)}/s`,
      best === undefined ? 'no sound point with enough requests' : `at ${best.rate} rps offered`,
    ],
    ['requests', requests.toLocaleString('en-US'), `${shareText(ok, requests)} succeeded`],
    ['sound points', `${good.length} of ${plan.rates.length}`, 'measured whole, and not failed throughout'],
    ...(slos.length === 0
      ? []
      : [
          ['thresholds', failed === 0 ? 'passed' : `${failed} failed`, `of ${slos.length}`] as [string, string, string],
        ]),
  ];
  return `<div class="cards">${cards
    .map(
      ([name, value, more]) =>
        `<div class="card"><span>${name}</span><strong>${escapeHtml(value)}</strong><span>${escapeHtml(more)}</span></div>`,
    )
    .join('')}</div>`;
}

const COLUMNS: readonly PointColumn[] = [
  ...(['rps', 'verdict'] as const),
  ...RATE_COLUMNS,
  ...TIME_COLUMNS,
  ...(['late p99', 'in flight', 'connections'] as const),
];

function pointsTable(points: readonly PointSummary[]): string {
  const time = (ms: number | undefined) => (ms === undefined ? '-' : timeText(ms));
  const isDoubtful = (point: PointSummary | undefined) =>
    point !== undefined && (!isSound(point) || verdictOf(point) === 'failed');
  const caption =
    'One row per point. Response times from the intended time of each request; late: sent after that; in flight: at most.';
  return dataTable(caption, pointTable(points, COLUMNS, time), (row) => (isDoubtful(points[row]) ? 'unsound' : ''));
}

function remarksList(report: SweepReport): string {
  const errors = report.points.flatMap((point) => {
    const [refused, classes] = [refusers(point), errorClasses(point)];
    return classes === ''
      ? []
      : [`${point.rate} rps: errors: ${classes}${refused === '' ? '' : `; refused or failed at: ${refused}`}`];
  });
  const lines = [...remarkLines(report), ...errors].map((line) => line.replace(/^! /, ''));
  return lines.length === 0 ? '' : `<details open><summary>Remarks</summary>${list(lines)}</details>`;
}

function hostSection(report: SweepReport): string {
  const hosts = sweepSections(report).at(-1);
  if (hosts?.table === undefined || hosts.table.rows.length === 0) return '';
  const fair = report.points.flatMap(({ rate, fairness, hosts: own }) =>
    fairness === undefined || Object.keys(own).length < 2
      ? []
      : [[`${rate} rps`, fairness.jain.toFixed(3), fairness.maxMin.toFixed(2)]],
  );
  const evenness = {
    title: "Evenness per point: Jain's index (1 is even), largest by smallest share",
    table: { head: ['point', "Jain's index", 'largest by smallest'], rows: fair },
  };
  return `<section aria-labelledby="by-host"><h2 id="by-host">Hosts</h2><div class="pair">
${sectionTable(hosts)}
${sectionTable(evenness)}
</div></section>`;
}

function aboutOf({ report: { plan, points, runFolder }, manifest }: ReportedRun): (readonly [string, string])[] {
  return [
    ['run', plan.runId],
    ['target', plan.targetUrl],
    ['points', `${plan.rates.length} of ${lengthsOf(plan, points)}, ${formatSeconds(plan.warmupSeconds)} of warm-up`],
    ['timeout and drain', `${formatSeconds(plan.timeoutSeconds)} and ${formatSeconds(plan.drainSeconds)}`],
    ['most in flight', plan.maxInFlight.toLocaleString('en-US')],
    ...factsOf(manifest),
    ['folder', runFolder],
  ];
}

/** `10 s each`, or the shortest and the longest: a search offers some for longer. */
function lengthsOf({ durationSeconds }: SweepReport['plan'], points: readonly PointSummary[]): string {
  const lengths = points.filter(({ status }) => status === 'complete').map((point) => point.durationSeconds);
  const [least, most] = [Math.min(durationSeconds, ...lengths), Math.max(durationSeconds, ...lengths)];
  return least === most ? `${formatSeconds(most)} each` : `${formatSeconds(least)} to ${formatSeconds(most)}`;
}
