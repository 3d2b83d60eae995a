import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../../errors.ts';

/**
 * Makes a run's folder; a second run of the same second gets a number.
 *
 * @param words the end of its name: tag and target
 * @param startedAt wall clock, milliseconds since the epoch
 * @throws the system's error
 */
export async function makeRunFolder(
  outFolder: string,
  words: string,
  startedAt: number,
): Promise<{ readonly runId: string; readonly folder: string }> {
  const name = `${stamp(startedAt)}-${words}`;
  for (let n = 1; ; n++) {
    const runId = n === 1 ? name : `${name}-${n}`;
    const folder = join(outFolder, runId);
    try {
      await mkdir(folder);
      return { runId, folder };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

/** `20260131-095900`, UTC: sorts by time, and is a file name everywhere. */
function stamp(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}
