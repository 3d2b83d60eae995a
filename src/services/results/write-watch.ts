import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Emit } from '../../events.ts';
import { type ScalingFigures, scalingFigures } from '../scaling/elasticity.ts';
import { readTimeline } from '../scaling/read-timeline.ts';
import { type RecordedWatch, type RecordOptions, recordedWatch, WatchLost } from '../scaling/recorded-watch.ts';
import type { WatchDeps, WatchOptions } from '../scaling/watch.ts';
import { shellWord } from '../words.ts';
import { readReportedRun } from './recorded.ts';
import { scalingCsv } from './scaling-csv.ts';
import { writeReport, writeReports } from './write-report.ts';

/** The figures of a watch, and the report that was written of it. */
export interface WrittenWatch {
  /** Left out where nothing was seen. */
  readonly figures?: ScalingFigures;
  /** Path of the load's `report.html`, or of the figures where the watch has a folder of its own. */
  readonly report?: string;
}

/**
 * Writes the figures of a watch next to its timeline, `<tag>_elasticity.csv`. In the folder of a load they are made from
 * the load's own record, and its report is written again; a load that still runs does that itself when it ends. A file
 * that cannot be written is a warning and costs nothing else.
 */
export async function writeWatchFigures(
  { runFolder, tag }: { readonly runFolder: string; readonly tag: string },
  emit: Emit,
): Promise<WrittenWatch> {
  if (await isRun(runFolder)) return figuresOfRun(runFolder, emit);
  const timeline = await readTimeline(runFolder);
  if (timeline === undefined) return {};
  const figures = scalingFigures(timeline);
  const remedy = `make it with: chainctl report ${shellWord(runFolder)} --format csv`;
  const path = join(runFolder, `${tag}_elasticity.csv`);
  return written(figures, await writeReport(path, () => scalingCsv(tag, figures), emit, remedy));
}

async function figuresOfRun(runFolder: string, emit: Emit): Promise<WrittenWatch> {
  const run = await readReportedRun(runFolder);
  if (run.manifest.status !== 'running') return written(run.scaling?.figures, await writeReports(run, runFolder, emit));
  const text = `the load of ${runFolder} has not ended: its own report will have these figures, too; if it was killed: chainctl report ${shellWord(runFolder)}`;
  emit({ type: 'note', level: 'info', text });
  return written(run.scaling?.figures);
}

function written(figures: ScalingFigures | undefined, report?: string): WrittenWatch {
  return { ...(figures === undefined ? {} : { figures }), ...(report === undefined ? {} : { report }) };
}

async function isRun(folder: string): Promise<boolean> {
  return (await stat(join(folder, 'manifest.json')).catch(() => undefined)) !== undefined;
}

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
