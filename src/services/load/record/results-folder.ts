import { mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';

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

/** The error for results that cannot be written; what already says so is passed on. */
export function resultsUnwritable(where: string, cause: unknown): RemedyError {
  if (cause instanceof RemedyError) return cause;
  return remedy.configuration(
    'results-unwritable',
    `results cannot be written to ${where}: ${reasonOf(cause)}`,
    ["choose another folder with --results, or free space on the disk, and check the folder's permissions"],
    cause,
  );
}
