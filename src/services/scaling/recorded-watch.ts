import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RemedyError } from '../../errors.ts';
import { defined } from '../defined.ts';
import { makeFolder } from '../files/make-folder.ts';
import { makeRunFolder, resultsUnwritable } from '../load/record/results-folder.ts';
import { findLiveRun } from './load-beside.ts';
import { openTimeline, TIMELINE_FILE, type TimelineAbout } from './timeline-record.ts';
import { type WatchDeps, type WatchOptions, type WatchReport, watchGroup } from './watch.ts';

export interface RecordOptions extends Pick<TimelineAbout, 'capacityPerInstance'> {
  /** The results folder. */
  readonly outFolder: string;
  readonly tag: string;
  /** Told once when a file of the timeline can no longer be written; the watch goes on. */
  readonly onProblem?: (problem: string) => void;
}

/** A watch with what it left on disk. */
export interface RecordedWatch extends WatchReport {
  /** The timeline, a row per poll. */
  readonly scaleCsv: string;
  readonly runFolder: string;
  /** Why not everything that was seen is in the timeline. */
  readonly problem?: string;
}

/** The group, or the right to see it, was lost after something had been recorded. */
export class WatchLost extends RemedyError {
  readonly runFolder: string;

  constructor(error: RemedyError, runFolder: string) {
    const { message, code, exit, nextSteps } = error;
    const kept = `what was seen until then: chainctl report ${runFolder}`;
    super(message, { code, exit, nextSteps: [...nextSteps, kept], cause: error.cause });
    this.runFolder = runFolder;
  }
}

/**
 * A watch whose polls are written down as they come: into the folder of the load that runs, so that its report tells of
 * both, else into one of its own.
 *
 * @param folder of a run that this watch belongs to, where it is known
 * @throws RemedyError (exit 3) when results cannot be written; what {@link watchGroup} throws, as {@link WatchLost} once
 *   a poll was recorded
 */
export async function recordedWatch(
  { outFolder, tag, folder, capacityPerInstance, onProblem }: RecordOptions & { readonly folder?: string },
  options: WatchOptions,
  deps: Omit<WatchDeps, 'record'>,
): Promise<RecordedWatch> {
  const { source, clock, emit } = deps;
  const runFolder = folder ?? (await folderFor({ outFolder, tag }, clock.now()));
  const timeline = { group: source.name, url: source.url, intervalSeconds: options.intervalSeconds };
  let problem: string | undefined;
  const record = await openTimeline({
    ...defined({ ...timeline, startedAt: clock.now(), capacityPerInstance }),
    folder: runFolder,
    outFolder,
    tag,
    onFailure: (text) => {
      emit({ type: 'note', level: 'warn', text });
      if (problem === undefined) onProblem?.(text);
      problem ??= text;
    },
  });
  let polls = 0;
  const add: typeof record.add = (sample) => {
    polls += 1;
    record.add(sample);
  };
  let report: WatchReport;
  try {
    report = await watchGroup({ ...options, runFolder }, { ...deps, record: { ...record, add } });
  } catch (error) {
    throw polls > 0 && error instanceof RemedyError ? new WatchLost(error, runFolder) : error;
  } finally {
    await record.close();
  }
  return { ...report, ...defined({ scaleCsv: record.csv, runFolder, problem }) };
}

async function folderFor({ outFolder, tag }: Pick<RecordOptions, 'outFolder' | 'tag'>, now: number): Promise<string> {
  const live = await findLiveRun(outFolder, now);
  // One timeline has one writer.
  if (live !== undefined && (await stat(join(live, TIMELINE_FILE)).catch(() => undefined)) === undefined) return live;
  try {
    await makeFolder(outFolder);
    return await makeRunFolder(outFolder, `${tag}-scale`, now);
  } catch (error) {
    throw resultsUnwritable(outFolder, error);
  }
}
