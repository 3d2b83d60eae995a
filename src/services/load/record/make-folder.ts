import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../../errors.ts';

/**
 * Makes a folder and those above it. Node's own `recursive` never returns where a file system answers "no such file"
 * for a folder that cannot be made (as /proc does), so each one is tried once.
 *
 * @throws the system's error
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
    return;
  } catch (error) {
    // What is there and is no folder fails at the first file that is made in it.
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
  }
  await makeFolder(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}
