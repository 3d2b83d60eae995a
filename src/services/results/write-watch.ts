import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { type ScalingFigures, scalingFigures } from '../scaling/elasticity.ts';
import { readTimeline } from '../scaling/read-timeline.ts';
import { readReportedRun } from './recorded.ts';
import { scalingCsv } from './scaling-csv.ts';
import { writeRunReport } from './write-report.ts';

/**
 * Writes the figures of a watch beside its timeline, `<tag>_elasticity.csv`. In the folder of a load they are made from
 * the load's own record, and its report is made anew; one that still runs does that itself when it ends. A file that
 * cannot be written is said and costs nothing else.
 *
 * @returns the figures; undefined when nothing was seen
 */
export async function writeWatchFigures(
  { runFolder, tag }: { readonly runFolder: string; readonly tag: string },
  emit: Emit,
): Promise<ScalingFigures | undefined> {
  if (await isRun(runFolder)) return figuresBesideRun(runFolder, emit);
  const timeline = await readTimeline(runFolder);
  if (timeline === undefined) return undefined;
  const figures = scalingFigures(timeline);
  const path = join(runFolder, `${tag}_elasticity.csv`);
  try {
    await writeFileAtomic(path, scalingCsv(tag, figures));
  } catch (error) {
    emit({ type: 'note', level: 'warn', text: `${path} could not be written: ${reasonOf(error)}` });
  }
  return figures;
}

async function figuresBesideRun(runFolder: string, emit: Emit): Promise<ScalingFigures | undefined> {
  const { manifest, scaling } = await readReportedRun(runFolder);
  if (manifest.status !== 'running') return (await writeRunReport(runFolder, emit))?.figures ?? scaling?.figures;
  const text = `the load of ${runFolder} has not ended: its own report will have these figures, too; if it was killed: chainctl report ${runFolder}`;
  emit({ type: 'note', level: 'info', text });
  return scaling?.figures;
}

async function isRun(folder: string): Promise<boolean> {
  return (await stat(join(folder, 'manifest.json')).catch(() => undefined)) !== undefined;
}
