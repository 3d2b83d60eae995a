import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, RemedyError, remedy } from '../../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { writeFault } from '../../files/write-fault.ts';

/**
 * Makes the results folder and proves that a run could be written there, before anything is begun that takes long.
 *
 * @throws RemedyError (exit 3)
 */
export async function checkResultsFolder(outFolder: string): Promise<void> {
  try {
    await makeFolder(outFolder);
    await rmdir(await mkdtemp(join(outFolder, '.check-')));
  } catch (error) {
    throw resultsUnwritable(outFolder, error);
  }
}

/**
 * Makes a run's folder in the results folder; a second run of the same second gets a number.
 *
 * @param words the end of its name: tag and target
 * @param startedAt wall clock, milliseconds since the epoch
 * @throws the system's error
 */
export async function makeRunFolder(outFolder: string, words: string, startedAt: number): Promise<string> {
  // `20260131-095900`, UTC: sorts by time, and is a file name everywhere.
  const stamp = new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  for (let n = 1; ; n++) {
    const folder = join(outFolder, `${stamp}-${words}${n === 1 ? '' : `-${n}`}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

/** The error for results that cannot be written; what already says so is passed on. */
export function resultsUnwritable(where: string, cause: unknown): RemedyError {
  if (cause instanceof RemedyError) return cause;
  const { why, next } = writeFault(join(where, 'file'), cause);
  return remedy.configuration(
    'results-unwritable',
    `results cannot be written to ${where}: ${why}`,
    [...next, "choose another folder with --results, or free space on the disk, and check the folder's permissions"],
    cause,
  );
}

/** Why a file of the results could not be written on, in a clause for the run's `problem`. */
export function cannotWrite(path: string, error: unknown): string {
  return `cannot write ${path}: ${writeFault(path, error).why}`;
}
