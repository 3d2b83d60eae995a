import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Emit } from '../../events.ts';
import { type ScalingFigures, scalingFigures } from '../scaling/elasticity.ts';
import { readTimeline } from '../scaling/read-timeline.ts';
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
