import { formatSeconds } from '../../../durations.ts';
import { countedFrom, unitOf } from '../../load/offered.ts';
import type { PointSummary, SweepReport } from '../../load/types.ts';
import { askedSections, turnSection } from '../asked-section.ts';
import { boundsSection, markLegend } from '../certain.ts';
import { countingOf } from '../counting-points.ts';
import { kneeFigure, searchFault } from '../knee-line.ts';
import { type PointColumn, pointTable, RATES_AND_TIMES } from '../point-columns.ts';
import { factsOf, type ReportedRun } from '../recorded.ts';
import type { Section } from '../section.ts';
import { conclusionLines, endingLines, evenness, goodSection, hostSection, remarkLines } from '../sweep-sections.ts';
import { askedLines, errorClasses, perSecond, refusers, shareText, timeText } from '../text.ts';
import { tokenSections } from '../token-sections.ts';
import { totalsSection } from '../totals-section.ts';
import { isServed, isSound, verdictOf } from '../verdict.ts';
import { figureOf } from './figure.ts';
import { dataList, dataTable, escapeHtml, list, sectionMarkup, sectionTable } from './markup.ts';
import { pointCharts } from './point-charts.ts';
import { scalingSection } from './scaling-section.ts';
import { builtAssets, shellOf } from './shell.ts';
import { timeCharts } from './time-charts.ts';

/** A recorded run as one HTML file; throws what {@link builtAssets} throws. */
export function pageOf(run: ReportedRun, assets = builtAssets()): string {
  const { report, scaling } = run;
  const { plan, points } = report;
  const charts = [...pointCharts(report), ...timeCharts(run)];
  const simulated = plan.simulated
    ? '<p class="simulated" role="note"><strong>SIMULATED</strong> The engine was simulated: these figures say nothing about a real model.</p>'
    : '';
  const main = `${[simulated, ...askedLines(plan).map((line) => `<p>${escapeHtml(line)}</p>`)].join('\n')}
${endingLines(report)
  .map((line) => `<p class="alert">${escapeHtml(line)}</p>`)
  .join('')}
${cardsOf(report)}
${list(conclusionLines(report), 'conclusion')}
<section aria-labelledby="points"><h2 id="points">Points</h2>
${pointsTable(points)}
${sectionsOf(report).map(sectionMarkup).join('\n')}
${remarksList(report)}
</section>
${scaling === undefined ? '' : scalingSection(scaling, { plan, points, series: run.series })}
<section aria-labelledby="charts"><h2 id="charts">Charts</h2>
<div class="charts">
${charts.length === 0 ? '<p>No point was measured: there is nothing to draw.</p>' : charts.map(figureOf).join('\n')}
</div></section>
${hostsOf(points)}
<section aria-labelledby="about"><h2 id="about">This run</h2>
${dataList(aboutOf(run))}</section>`;
  const title = `${plan.simulated ? 'SIMULATED ' : ''}${plan.runId}`;
  return shellOf({ title, heading: plan.tag, subheading: plan.targetUrl, main }, assets);
}

/** What stands below the table of the points, in the order of the other formats. */
function sectionsOf(report: SweepReport): Section[] {
  const { points } = report;
  const unit = unitOf(points[0] ?? {});
  return [
    totalsSection(points),
    ...tokenSections(points, unit),
    ...askedSections(points),
    turnSection(points),
    goodSection(report),
    boundsSection(points),
  ];
}

type Card = readonly [name: string, value: string, more: string];

function cardsOf(report: SweepReport): string {
  const { points, slos = [], plan, elastic } = report;
  // Not the successes over the window: a backlog that is worked off after it would count as speed.
  const [best] = countingOf(report)
    .filter((point) => isSound(point) && isServed(point))
    .sort((a, b) => b.servedRps - a.servedRps);
  const requests = points.reduce((sum, { sent }) => sum + sent, 0);
  const ok = points.reduce((sum, { outcomes }) => sum + outcomes.ok, 0);
  const open = slos.filter(({ passed, points: decided }) => !passed && decided.every((point) => point.passed)).length;
  const failed = slos.filter(({ passed }) => !passed).length - open;
  const knee = kneeFigure(report);
  const missed = [...(failed === 0 ? [] : [`${failed} failed`]), ...(open === 0 ? [] : [`${open} not decided`])];
  const passed = searchFault(report) === undefined ? 'passed' : 'not decided';
  const at = plan.limit === undefined || report.knee === undefined ? '' : `, at ${report.knee.rate} ${unitOf(plan)}`;
  const thresholds: Card = ['thresholds', missed.join(', ') || passed, `of ${slos.length}${at}`];
  const sizes = elastic && [elastic.startSize, elastic.peakSize, elastic.endSize];
  const cards: readonly Card[] = [
    ...(sizes ? [['size', sizes.join(' \u2192 '), 'instances that served: first, most, last'] as const] : []),
    ...(knee === undefined ? [] : [['knee', ...knee] as const]),
    best === undefined
      ? ['most served', '-', 'no sound point with enough requests']
      : [
          'most served',
          perSecond(best.servedRps),
          `at ${best.rate} ${plan.loop === 'closed' ? 'concurrent' : 'rps offered'}`,
        ],
    ['requests', requests.toLocaleString('en-US'), `${shareText(ok, requests)} succeeded`],
    [
      'sound points',
      `${points.filter((point) => !isDoubtful(point)).length} of ${plan.rates.length}`,
      'measured whole, and not failed throughout',
    ],
    ...(plan.loop === 'closed' ? [['loop', 'closed', 'times without the wait that an open one shows'] as const] : []),
    ...(slos.length === 0 ? [] : [thresholds]),
  ];
  const markup = cards.map(
    ([name, value, more]) =>
      `<div class="card"><span>${name}</span><strong>${escapeHtml(value)}</strong><span>${escapeHtml(more)}</span></div>`,
  );
  return `<div class="cards">${markup.join('')}</div>`;
}

const COLUMNS: readonly PointColumn[] = ['rps', 'verdict', ...RATES_AND_TIMES, 'late p99', 'in flight', 'connections'];

function pointsTable(points: readonly PointSummary[]): string {
  const time = (ms: number | undefined) => (ms === undefined ? '-' : timeText(ms));
  const table = pointTable(points, COLUMNS, time);
  const isClosed = points[0]?.loop === 'closed';
  const late = isClosed ? 'sent after its place was free' : 'sent after that';
  const inFlight = isClosed ? '' : '; in flight: at most';
  const about = `One row per point${isClosed ? ' of a closed loop' : ''}. Response times of successes, from the ${countedFrom(points[0])} of each request; late: ${late}${inFlight}.`;
  const caption = [about, ...markLegend(table.rows)].join(' ');
  const doubtful = new Set(points.flatMap((point, row) => (isDoubtful(point) ? [row] : [])));
  return dataTable(caption, table, doubtful);
}

function isDoubtful(point: PointSummary): boolean {
  return !isSound(point) || verdictOf(point) === 'failed';
}

function remarksList(report: SweepReport): string {
  const errors = report.points.flatMap((point) => {
    const [refused, classes] = [refusers(point), errorClasses(point)];
    const by = refused === '' ? '' : `; refused or failed at: ${refused}`;
    return classes === '' ? [] : [`${point.rate} ${unitOf(point)}: errors: ${classes}${by}`];
  });
  const lines = list([...remarkLines(report), ...errors].map((line) => line.replace(/^! /, '')));
  return lines === '' ? '' : `<details open><summary>Remarks</summary>${lines}</details>`;
}

function hostsOf(points: readonly PointSummary[]): string {
  const hosts = sectionTable(hostSection(points));
  if (hosts === '') return '';
  const rows = evenness(points).map((each) => [
    `${each.rate} ${unitOf(each)}`,
    each.jain.toFixed(3),
    each.maxMin.toFixed(2),
  ]);
  const head = ['point', "Jain's index", 'largest by smallest'];
  const title = "Evenness per point: Jain's index (1 is even), largest by smallest share";
  return `<section aria-labelledby="by-host"><h2 id="by-host">Hosts</h2><div class="pair">
${hosts}
${sectionTable({ title, table: { head, rows } })}
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
function lengthsOf({ durationSeconds, requests }: SweepReport['plan'], points: readonly PointSummary[]): string {
  const measured = points.filter(({ status }) => status === 'complete').map((point) => point.durationSeconds);
  // Where requests end a point, its length is what came of it.
  const lengths = requests === undefined || measured.length === 0 ? [durationSeconds, ...measured] : measured;
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  return least === most ? `${formatSeconds(most)} each` : `${formatSeconds(least)} to ${formatSeconds(most)}`;
}
