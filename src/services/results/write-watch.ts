import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { type ScalingFigures, scalingFigures } from '../scaling/elasticity.ts';
import { readTimeline } from '../scaling/read-timeline.ts';
import { scalingCsv } from './scaling-csv.ts';

/**
 * Writes the figures of a watch beside its timeline, `<tag>_elasticity.csv`. A file that cannot be written is said and
 * costs nothing else.
 *
 * @returns the figures; undefined when nothing was seen
 */
export async function writeWatchFigures(
  { runFolder, tag }: { readonly runFolder: string; readonly tag: string },
  emit: Emit,
): Promise<ScalingFigures | undefined> {
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
