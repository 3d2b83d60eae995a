import { renderHtmlReport } from './html/report-html.ts';
import { markdownOf } from './markdown.ts';
import type { ReportedRun } from './recorded.ts';
import { sloJunit } from './slo-junit.ts';
import { sweepText } from './sweep-table.ts';

export const REPORT_FORMATS = ['table', 'markdown', 'html', 'json', 'junit'] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * A recorded run in a format of the reader's choice, made from its record alone.
 *
 * @param columns width of the place the table is written to
 */
export async function renderRun(run: ReportedRun, format: ReportFormat, columns: number): Promise<string> {
  switch (format) {
    case 'table':
      return sweepText(run.report, columns);
    case 'markdown':
      return markdownOf(run);
    case 'html':
      return renderHtmlReport(run);
    case 'junit':
      return sloJunit(run);
    case 'json':
      return `${JSON.stringify({ manifest: run.manifest, report: run.report, series: run.series }, undefined, 2)}\n`;
  }
}
