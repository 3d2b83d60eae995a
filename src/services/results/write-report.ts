import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { shellWord } from '../words.ts';
import { pageOf } from './html/page.ts';
import { type ReportedRun, readReportedRun } from './recorded.ts';
import { scalingCsv } from './scaling-csv.ts';

/** A run as its record has it, and the report that was written of it. */
export interface WrittenReport {
  /** Left out where the record could not be read. */
  readonly run?: ReportedRun;
  /** Path of `report.html`; left out where it could not be written. */
  readonly page?: string;
}

/**
 * Reads a run's record and writes the reports of it. What cannot be read or written is a warning and costs nothing
 * else: it can be made from the record at any time.
 */
export async function reportRun(runFolder: string, emit: Emit): Promise<WrittenReport> {
  try {
    const run = await readReportedRun(runFolder);
    const page = await writeReports(run, runFolder, emit);
    return page === undefined ? { run } : { run, page };
  } catch (error) {
    const text = `the record of ${runFolder} could not be read (${reasonOf(error)}): there is no report of it`;
    emit({ type: 'note', level: 'warn', text });
    return {};
  }
}

/**
 * Writes `report.html` into a run's folder, and `<tag>_elasticity.csv`, the figures of a group that was watched
 * meanwhile. A file that cannot be written is a warning.
 *
 * @returns path of the page; undefined where it could not be written
 */
export async function writeReports(run: ReportedRun, runFolder: string, emit: Emit): Promise<string | undefined> {
  const write = (name: string, render: () => string | Promise<string>, format: string) =>
    writeReport(
      join(runFolder, name),
      render,
      emit,
      `make it with: chainctl report ${shellWord(runFolder)} --format ${format} --out ${shellWord(name)}`,
    );
  const { scaling, report } = run;
  const { tag } = report.plan;
  if (scaling !== undefined) await write(`${tag}_elasticity.csv`, () => scalingCsv(tag, scaling.figures), 'csv');
  return write('report.html', () => pageOf(run), 'html');
}

/**
 * Writes one file of a report whole. A file that cannot be written is a warning.
 *
 * @param remedy how it can be made later
 * @returns its path; undefined where it could not be written
 */
export async function writeReport(
  path: string,
  render: () => string | Promise<string>,
  emit: Emit,
  remedy: string,
): Promise<string | undefined> {
  try {
    await writeFileAtomic(path, await render());
    return path;
  } catch (error) {
    emit({ type: 'note', level: 'warn', text: `${path} could not be written (${reasonOf(error)}); ${remedy}` });
    return undefined;
  }
}
