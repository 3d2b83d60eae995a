import { ExitCode, RemedyError } from '../../errors.ts';
import { shellWord } from '../words.ts';
import { renderHtmlReport, renderWatchHtml } from './html/report-html.ts';
import { markdownOf, watchMarkdown } from './markdown.ts';
import type { ReportedRun, WatchedGroup } from './recorded.ts';
import { scalingCsv } from './scaling-csv.ts';
import { scalingText } from './scaling-text.ts';
import { sloJunit } from './slo-junit.ts';
import { sweepText } from './sweep-table.ts';

export const REPORT_FORMATS = ['table', 'markdown', 'html', 'json', 'junit', 'csv'] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * A recorded run in a format of the reader's choice, made from its record alone.
 *
 * @param columns width of the place the table is written to
 * @throws RemedyError (exit 2) for `csv` of a run beside which no group was watched
 */
export async function renderRun(run: ReportedRun, format: ReportFormat, columns: number): Promise<string> {
  switch (format) {
    case 'table':
      return sweepText(run.report, columns, { scaling: run.scaling?.figures });
    case 'markdown':
      return markdownOf(run);
    case 'html':
      return renderHtmlReport(run);
    case 'junit':
      return sloJunit(run);
    case 'json':
      return `${JSON.stringify(run, undefined, 2)}\n`;
    case 'csv':
      return csvOf(run);
  }
}

/**
 * A group that was watched without a run, likewise.
 *
 * @throws RemedyError (exit 2) for `junit`: a watch has no thresholds
 */
export async function renderWatched(watch: WatchedGroup, format: ReportFormat, columns: number): Promise<string> {
  const { name, tag, scaling } = watch;
  switch (format) {
    case 'table':
      return scalingText(scaling.figures, columns);
    case 'markdown':
      return watchMarkdown(watch);
    case 'html':
      return renderWatchHtml(watch);
    case 'json':
      return `${JSON.stringify({ scaling }, undefined, 2)}\n`;
    case 'csv':
      return scalingCsv(tag, scaling.figures);
    case 'junit':
      throw new RemedyError(`${name} is the folder of a watch: it has no points and no thresholds`, {
        code: 'no-points',
        exit: ExitCode.usage,
        nextSteps: [`chainctl report ${shellWord(name)} --format table`],
      });
  }
}

/** The run's own figures are CSV already; those of a watched group are made from its record. */
function csvOf({ manifest, report, scaling }: ReportedRun): string {
  if (scaling !== undefined) return scalingCsv(report.plan.tag, scaling.figures);
  throw new RemedyError(`no group was watched during ${manifest.runId}: there are no figures of its scaling`, {
    code: 'no-timeline',
    exit: ExitCode.usage,
    nextSteps: [`its points are in ${report.summaryCsv}`, 'record a group beside a load: chainctl load --elastic'],
  });
}
