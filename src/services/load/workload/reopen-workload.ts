import { resolve } from 'node:path';
import { defined } from '../../defined.ts';
import { FEW_TEXTS, type LoadedData, loadData } from './loaded.ts';
import type { WorkloadSettings } from './settings.ts';
import { replayOf } from './trace.ts';

/** Where files lie now that a run took its requests from; absent: where they lay. */
export interface FilesAgain {
  readonly dataset?: string;
  readonly trace?: string;
}

/**
 * What a run asks that goes on.
 *
 * @throws RemedyError (exit 2) when a file is not there, or is another one
 */
export async function reopenWorkload(
  workload: WorkloadSettings | undefined,
  { dataset, trace }: FilesAgain,
): Promise<{ readonly workload?: WorkloadSettings; readonly data?: LoadedData; readonly times?: Float64Array }> {
  if (workload === undefined) return {};
  const moved: WorkloadSettings = {
    ...workload,
    ...(workload.dataset && dataset ? { dataset: { ...workload.dataset, path: resolve(dataset) } } : {}),
    ...(workload.trace && trace ? { trace: { ...workload.trace, path: resolve(trace) } } : {}),
  };
  const data = await loadData(moved, FEW_TEXTS);
  const { requests = 0, speed = 1 } = moved.trace ?? {};
  const times = data.trace && replayOf(data.trace.rows, speed).times.subarray(0, requests);
  return defined({ workload: moved, data, times });
}
