import { remedy } from '../../errors.ts';
import { readRun } from '../load/record/read-run.ts';
import { type Capacity, kneeCapacity } from '../scaling/capacity.ts';

/**
 * What one instance sustains, by the knee of a recorded run.
 *
 * @throws RemedyError `capacity-unknown` (exit 2) where the run has no knee with a rate above it
 */
export async function runCapacity(folder: string): Promise<Capacity> {
  const { report, runId } = await readRun(folder);
  const capacity = kneeCapacity(report);
  if (capacity !== undefined) return { ...capacity, text: `${capacity.text}, of ${runId}` };
  throw remedy.usage(
    'capacity-unknown',
    `${runId} does not show what one instance sustains: it has no knee with a rate above it`,
    ['measure it: chainctl load --target invoke --rps 1,100 --find-knee', 'or name it with --capacity-per-instance'],
  );
}
