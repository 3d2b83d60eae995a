import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { hasCode, RemedyError, reasonOf, remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';

/**
 * Makes sure, before minutes of checks, that a report can be written: creates the folder and looks at the rights.
 *
 * @throws RemedyError `report-not-writable` (exit 3)
 */
export async function prepareReportFile(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw notWritable(path, error);
  }
  try {
    if ((await stat(path)).isDirectory()) throw notWritable(path, new Error('it is a folder'));
    await access(path, constants.W_OK);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error instanceof RemedyError ? error : notWritable(path, error);
  }
}

/**
 * Writes a report whole or not at all.
 *
 * @throws RemedyError `report-not-writable` (exit 3)
 */
export async function writeReportFile(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(path, text);
  } catch (error) {
    throw notWritable(path, error);
  }
}

function notWritable(path: string, cause: unknown): RemedyError {
  return remedy.configuration(
    'report-not-writable',
    `cannot write the report ${path}: ${reasonOf(cause)}`,
    ['name a file in a folder that you may write to, for example below reports/'],
    cause,
  );
}
