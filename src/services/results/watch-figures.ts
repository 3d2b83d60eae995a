import { type RecordedWatch, type RecordOptions, recordedWatch, WatchLost } from '../scaling/recorded-watch.ts';
import type { WatchDeps, WatchOptions } from '../scaling/watch.ts';
import { type WrittenWatch, writeWatchFigures } from './write-watch.ts';

/**
 * Watches a group, records it, and writes the figures of what was seen: also when the group is lost on the way.
 *
 * @throws what {@link recordedWatch} throws
 */
export async function watchWithFigures(
  record: RecordOptions,
  options: WatchOptions,
  deps: Omit<WatchDeps, 'record'>,
): Promise<{ readonly report: RecordedWatch; readonly written: WrittenWatch }> {
  const { tag } = record;
  const report = await recordedWatch(record, options, deps).catch(async (error: unknown) => {
    // Whatever is wrong with the figures, it is the loss that has to be reported.
    if (error instanceof WatchLost) {
      await writeWatchFigures({ runFolder: error.runFolder, tag }, deps.emit).catch(() => undefined);
    }
    throw error;
  });
  return { report, written: await writeWatchFigures({ runFolder: report.runFolder, tag }, deps.emit) };
}
