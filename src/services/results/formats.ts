import { remedy } from '../../errors.ts';
import { shellWord } from '../words.ts';
import { pageOf } from './html/page.ts';
import { watchPageOf } from './html/scaling-section.ts';
import { markdownOf, watchMarkdown } from './markdown.ts';
import type { ReportedRun, WatchedGroup } from './recorded.ts';
import { scalingCsv } from './scaling-csv.ts';
import { scalingText } from './scaling-sections.ts';
import { sloJunit } from './slo-junit.ts';
import { sweepText } from './sweep-table.ts';

/** What a report can be of: a run, or a group that was watched without one. */
export interface Subjects {
  readonly run: ReportedRun;
  readonly watch: WatchedGroup;
}

/** Renders a subject; `columns` is the width of the place it is written to. */
type Render<Subject> = (subject: Subject, columns: number) => string | Promise<string>;

/** A format has a renderer for each kind of subject that it can show. */
type Format = { readonly [Kind in keyof Subjects]?: Render<Subjects[Kind]> };

/** Every format of a report. */
export const FORMATS = {
  table: {
    run: ({ report, scaling }, columns) => sweepText(report, columns, { scaling: scaling?.figures }),
    watch: ({ scaling }, columns) => scalingText(scaling.figures, columns),
  },
  markdown: { run: markdownOf, watch: watchMarkdown },
  html: { run: (run) => pageOf(run), watch: (watch) => watchPageOf(watch) },
  json: { run: jsonOf, watch: ({ scaling }) => jsonOf({ scaling }) },
  junit: { run: sloJunit },
  csv: { run: csvOf, watch: ({ tag, scaling }) => scalingCsv(tag, scaling.figures) },
} satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof FORMATS;

/**
 * A recorded run or watch in a format of the reader's choice, made from its record alone.
 *
 * @throws RemedyError (exit 2) where the format cannot show the subject
 */
export async function renderReport<Kind extends keyof Subjects>(
  format: FormatName,
  kind: Kind,
  subject: Subjects[Kind],
  columns: number,
): Promise<string> {
  const render = (FORMATS[format] as Format)[kind];
  if (render !== undefined) return render(subject, columns);
  const name = 'name' in subject ? subject.name : subject.manifest.runId;
  throw remedy.usage('format-unsuited', `${name} is the folder of a ${kind}: there is no ${format} of it`, [
    `chainctl report ${shellWord(name)} --format table`,
  ]);
}

function jsonOf(subject: object): string {
  return `${JSON.stringify(subject, undefined, 2)}\n`;
}

/** The run's own figures are CSV already; those of a watched group are made from its record. */
function csvOf({ manifest, report, scaling }: ReportedRun): string {
  if (scaling !== undefined) return scalingCsv(report.plan.tag, scaling.figures);
  throw remedy.usage(
    'no-timeline',
    `no group was watched during ${manifest.runId}: there are no figures of its scaling`,
    [`its points are in ${report.summaryCsv}`, 'record a group with a load: chainctl load --elastic'],
  );
}
