import { resolve } from 'node:path';
import { defined } from '../../defined.ts';
import { changed, datasetsOf, FEW_TEXTS, type LoadedData, loadData } from './loaded.ts';
import type { AskSettings, WorkloadSettings } from './settings.ts';
import { readSource, SourceFault } from './source-file.ts';
import { replayOf } from './trace.ts';

/** Where files lie now that a run took its requests from; absent: where they lay. */
export interface FilesAgain {
  /** In any order: their content tells which is which. */
  readonly datasets?: readonly string[];
  readonly trace?: string;
}

/**
 * What a run asks that goes on.
 *
 * @throws RemedyError (exit 2) when a file is not there, or is none of those that the run began with
 */
export async function reopenWorkload(
  workload: WorkloadSettings | undefined,
  { datasets = [], trace }: FilesAgain,
): Promise<{ readonly workload?: WorkloadSettings; readonly data?: LoadedData; readonly times?: Float64Array }> {
  let inRun = workload;
  for (const dataset of datasets) inRun = await withDataset(inRun ?? {}, dataset);
  if (trace !== undefined && workload?.trace === undefined) throw notOf('trace', trace);
  if (inRun === undefined) return {};
  const moved: WorkloadSettings = {
    ...inRun,
    ...(inRun.trace && trace !== undefined ? { trace: { ...inRun.trace, path: resolve(trace) } } : {}),
  };
  const data = await loadData(moved, FEW_TEXTS);
  const { requests = 0, speed = 1 } = moved.trace ?? {};
  const times = data.trace && replayOf(data.trace.rows, speed).times.subarray(0, requests);
  return defined({ workload: moved, data, times });
}

/** Every class of a mix refers to its data set for itself: whichever had this file's content has it here now. */
async function withDataset(workload: WorkloadSettings, path: string): Promise<WorkloadSettings> {
  if (datasetsOf(workload).length === 0) throw notOf('dataset', path);
  const { sha256, path: found } = await readSource(path, 'dataset', () => {});
  if (!datasetsOf(workload).some((each) => each.sha256 === sha256)) throw changed('dataset', path);
  const moved = <T extends AskSettings>(settings: T): T =>
    settings.dataset?.sha256 === sha256 ? { ...settings, dataset: { ...settings.dataset, path: found } } : settings;
  return defined({ ...moved(workload), mix: workload.mix?.map(moved) });
}

function notOf(flag: string, path: string) {
  const next = `leave --${flag} out: a run goes on with what it began with`;
  return new SourceFault(flag, path).make(`the run takes no requests from such a file`, [next]);
}
