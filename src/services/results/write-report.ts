import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { writeDurably } from '../files/write-durably.ts';
import { writeFault } from '../files/write-fault.ts';
import { type ScalingFigures, scalingFigures } from '../scaling/elasticity.ts';
import { readTimeline } from '../scaling/read-timeline.ts';
import { type RecordedWatch, type RecordOptions, recordedWatch, WatchLost } from '../scaling/recorded-watch.ts';
import type { WatchDeps, WatchOptions } from '../scaling/watch.ts';
import { shellWord } from '../words.ts';
import { pageOf } from './html/page.ts';
import { type ReportedRun, readReportedRun } from './recorded.ts';
import { scalingCsv } from './scaling-csv.ts';

/** A run as its record has it, and the report that was written of it. */
interface WrittenReport {
  /** Left out where the record could not be read. */
  readonly run?: ReportedRun;
  /** Path of `report.html`; undefined where it could not be written. */
  readonly page?: string | undefined;
}

/**
 * Reads a run's record and writes the reports of it. What cannot be read or written is a warning and costs nothing
 * else: it can be made from the record at any time.
 */
export async function reportRun(runFolder: string, emit: Emit): Promise<WrittenReport> {
  try {
    const run = await readReportedRun(runFolder);
    return { run, page: await writeReports(run, runFolder, emit) };
  } catch (error) {
    const text = `the record of ${runFolder} could not be read (${reasonOf(error)}): there is no report of it`;
    emit({ type: 'note', level: 'warn', text });
    return {};
  }
}

/** Writes `report.html` into a run's folder, whose path it returns, and the figures of a group that was watched. */
async function writeReports(run: ReportedRun, runFolder: string, emit: Emit): Promise<string | undefined> {
  if (run.scaling !== undefined) await writeFigures(runFolder, run.report.plan.tag, run.scaling.figures, emit);
  return write(runFolder, 'report.html', 'html', () => pageOf(run), emit);
}

function writeFigures(folder: string, tag: string, figures: ScalingFigures, emit: Emit): Promise<string | undefined> {
  return write(folder, `${tag}_elasticity.csv`, 'csv', () => scalingCsv(tag, figures), emit);
}

/** Writes a file whole and returns its path; where that fails, undefined, and a warning that names how to make it. */
async function write(folder: string, name: string, format: string, render: () => string, emit: Emit) {
  const path = join(folder, name);
  try {
    await writeDurably(path, render());
    return path;
  } catch (error) {
    const again = `chainctl report ${shellWord(folder)} --format ${format} --out ${shellWord(name)}`;
    const text = `${path} could not be written (${writeFault(path, error).why}); make it with: ${again}`;
    emit({ type: 'note', level: 'warn', text });
    return undefined;
  }
}

/** The figures of a watch, and the report that was written of it. */
interface WrittenWatch {
  /** Undefined where nothing was seen. */
  readonly figures?: ScalingFigures | undefined;
  /** Path of the load's `report.html`, or of the figures where the watch has a folder of its own. */
  readonly report?: string | undefined;
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
  if (!existsSync(join(runFolder, 'manifest.json'))) {
    const timeline = await readTimeline(runFolder);
    const figures = timeline && scalingFigures(timeline);
    return figures === undefined ? {} : { figures, report: await writeFigures(runFolder, tag, figures, emit) };
  }
  const run = await readReportedRun(runFolder);
  const figures = run.scaling?.figures;
  if (run.manifest.status !== 'running') return { figures, report: await writeReports(run, runFolder, emit) };
  const text = `the load of ${runFolder} has not ended: its own report will have these figures, too; if it was killed: chainctl report ${shellWord(runFolder)}`;
  emit({ type: 'note', level: 'info', text });
  return { figures };
}

/** {@link recordedWatch}, and the figures of what was seen: also when the group is lost on the way, which it throws. */
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
