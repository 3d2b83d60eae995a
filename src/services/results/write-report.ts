import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { renderHtmlReport } from './html/report-html.ts';
import { type RecordedScaling, readReportedRun } from './recorded.ts';
import { scalingCsv } from './scaling-csv.ts';

/**
 * Writes `report.html` into a run's folder, and the figures of a group that was watched beside it,
 * `<tag>_elasticity.csv`. A report that cannot be written is said and costs nothing else: it can be made again from the
 * record at any time.
 *
 * @returns what was seen of the group, for whoever tells the run's end
 */
export async function writeRunReport(runFolder: string, emit: Emit): Promise<RecordedScaling | undefined> {
  try {
    const run = await readReportedRun(runFolder);
    const { scaling, report } = run;
    if (scaling !== undefined) {
      const { tag } = report.plan;
      await writeFileAtomic(join(runFolder, `${tag}_elasticity.csv`), scalingCsv(tag, scaling.figures));
    }
    await writeFileAtomic(join(runFolder, 'report.html'), await renderHtmlReport(run));
    return scaling;
  } catch (error) {
    const text = `report.html could not be written (${reasonOf(error)}); make it with: chainctl report ${runFolder} --format html`;
    emit({ type: 'note', level: 'warn', text });
    return undefined;
  }
}
