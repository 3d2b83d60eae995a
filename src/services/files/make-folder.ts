import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../errors.ts';

/**
 * Makes a folder and those above it. Node's own `recursive` never returns where a file system answers "no such file"
 * for a folder that cannot be made (as /proc does), so each one is tried once.
 *
 * @param mode of the folders that are made, before the umask
 * @throws the system's error
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // What is there and is no folder fails at the first file that is made in it.
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    await makeFolder(dirname(path), mode);
    await mkdir(path, { mode }).catch((again: unknown) => {
      if (!hasCode(again, 'EEXIST')) throw again;
    });
  }
}
