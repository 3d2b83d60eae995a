import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { readRun } from '../load/record/read-run.ts';
import { renderHtmlReport } from './html/report-html.ts';

/**
 * Writes `report.html` into a run's folder. A report that cannot be written is said and costs nothing else: it can be
 * made again from the record at any time.
 */
export async function writeRunReport(runFolder: string, emit: Emit): Promise<void> {
  try {
    await writeFileAtomic(join(runFolder, 'report.html'), await renderHtmlReport(await readRun(runFolder)));
  } catch (error) {
    const text = `report.html could not be written (${reasonOf(error)}); make it with: chainctl report ${runFolder} --format html`;
    emit({ type: 'note', level: 'warn', text });
  }
}
