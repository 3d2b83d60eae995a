import { basename, dirname, join } from 'node:path';
import { countedFrom, unitOf } from '../load/offered.ts';
import { pointCount, profileOf } from '../load/profiles/profiles.ts';
import type { PointSummary, SweepReport } from '../load/types.ts';
import type { ScalingFigures } from '../scaling/elasticity.ts';
import { stackOption } from '../stack/stack-option.ts';
import { shellWord } from '../words.ts';
import { markLegend } from './certain.ts';
import { hanging, sectionText, tableText } from './plain-table.ts';
import { pointTable, RATES_AND_TIMES } from './point-columns.ts';
import { scalingSections } from './scaling-sections.ts';
import { conclusionLines, sweepSections, unfinishedText } from './sweep-sections.ts';
import { askedLines, display, errorClasses, refusers, reportLine, timeColumn } from './text.ts';

/** From this many columns on, errors by class and the generator's own figures stand in the table. */
const WIDE = 120;

/**
 * A finished sweep as text. At 80 columns nothing is left to the terminal to wrap but addresses and names of files. No
 * colours: what matters is said in words.
 *
 * @param scaling of the group behind the target, where it was watched
 * @param page path of the run's page, where one has been written
 * @param stack whose token a run that goes on has to send
 */
export function sweepText(
  report: SweepReport,
  columns: number,
  { scaling, page, stack }: { scaling?: ScalingFigures | undefined; page?: string | undefined; stack?: string } = {},
): string {
  const { plan, points } = report;
  const simulated = plan.simulated ? ' (SIMULATED engine: these figures say nothing about a real model)' : '';
  const wide = columns >= WIDE;
  const sections = [
    { title: 'Errors', lines: perPoint(points, wide ? saidErrors : errorClasses) },
    { title: 'Refused or failed at', lines: perPoint(points, refusers) },
    ...sweepSections(report),
    ...(scaling === undefined ? [] : scalingSections(scaling)),
  ];
  const broken = (lines: readonly string[]) => lines.flatMap((line) => hanging(line, columns));
  const blocks = [
    broken([`${plan.tag}: ${display(plan.targetUrl)}${simulated}`, ...askedLines(plan)]),
    points.length === 0 ? ['No point was measured.'] : pointLines(points, columns, wide),
    broken(conclusionLines(report)),
    ...sections.map((section) => sectionText(section, columns)),
    [
      ...broken(keptLines(report)),
      // To be pasted: nothing breaks it.
      ...resumeLine(report, stack),
      `summary   ${display(report.summaryCsv)}`,
      ...(points.length === 0 ? [] : [`requests  ${display(requestFiles(report))}`]),
      `run       ${display(report.runFolder)}`,
    ],
  ].filter((lines) => lines.length > 0);
  return `${reportLine(page)}${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** @returns the table of the points, and how to read it */
function pointLines(points: readonly PointSummary[], columns: number, wide: boolean): string[] {
  const time = timeColumn(points.map(({ response }) => response?.p99));
  const more = wide ? (['late p99 ms', 'in flight', 'errors by class'] as const) : [];
  const names = ['rps', ...RATES_AND_TIMES, 'verdict', ...more] as const;
  const table = pointTable(points, names, time.text, '! ');
  const text = tableText(table, columns);
  return [
    text,
    ...hanging(`p50 to p99: response time of successes in ${time.unit}, from the ${countedFrom(points[0])}.`, columns),
    ...markLegend(table.rows),
    ...(points[0]?.loop === 'closed'
      ? []
      : [
          `${text.includes('sent/s') ? 'sent/s, ' : ''}ok/s: per second of the point. served/s: first and last tenth left out.`,
        ]),
  ];
}

/** Errors with their words; nothing where the table says as much. */
function saidErrors(point: PointSummary): string {
  return point.errorTexts === undefined ? '' : errorClasses(point);
}

/** A line for each point of which there is something to say. */
function perPoint(points: readonly PointSummary[], text: (point: PointSummary) => string): string[] {
  return points.flatMap((point) => (text(point) === '' ? [] : `${point.rate} ${unitOf(point)}: ${text(point)}`));
}

function keptLines(report: SweepReport): string[] {
  const { status, problem, abortedBy, points, plan } = report;
  if (problem !== undefined) return [`Ended early: ${display(problem)}. What was measured until then is kept.`];
  if (status === 'complete') return [];
  const begun = points.filter((point) => point.status !== 'skipped').length;
  const early = status === 'interrupted' ? 'Interrupted:' : `${unfinishedText(report)}.`;
  const ending = abortedBy === undefined ? early : `Ended by --abort-on ${abortedBy}.`;
  return [`${ending} ${begun} of ${pointCount(plan)} points were begun, and what they measured is kept.`];
}

/** How a run goes on that was interrupted; an elastic one cannot, its group is no longer as it was. */
function resumeLine({ status, abortedBy, plan, runFolder }: SweepReport, stack = 'default'): string[] {
  if (
    status === 'complete' ||
    status === 'running' ||
    abortedBy !== undefined ||
    profileOf(plan).noResume !== undefined
  )
    return [];
  return [`It goes on with: chainctl load --resume ${shellWord(display(runFolder))}${stackOption(stack)}`];
}

/** `results/local_chain_rps1.csv` and its siblings as one name: beside the summary, wherever the run is looked at from. */
function requestFiles({ points, summaryCsv }: SweepReport): string {
  const name = basename(points.find(({ perRequestCsv }) => perRequestCsv !== '')?.perRequestCsv ?? '');
  const first = name && join(dirname(summaryCsv), name);
  return points.length === 1 ? first : first.replace(/_(rps|c)[\d.]+(_\d+)?\.csv$/, '_$1*.csv');
}
