import { copyFile, link, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';

/** Earlier versions of a stack's state that are kept. */
const KEPT = 20;

const NAME = /^(\d{6,})\.json$/;

const folderOf = (statePath: string) => join(dirname(statePath), 'history');

/**
 * Keeps the state file as it is now, before it is written over, as `history/SERIAL.json`; older ones than the last 20 go.
 * The file is linked and not copied, so it is the very file that was in force.
 */
export async function keepVersion(statePath: string, serial: number): Promise<void> {
  const folder = folderOf(statePath);
  const path = join(folder, `${String(serial).padStart(6, '0')}.json`);
  await makeFolder(folder, 0o700);
  // One with the same number is from before somebody went back to an earlier version.
  await rm(path, { force: true });
  try {
    await link(statePath, path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    // A file system without links.
    await copyFile(statePath, path);
  }
  const old = (await listVersions(statePath)).slice(KEPT);
  await Promise.all(old.map((version) => rm(version.path, { force: true })));
}

/** What is kept, newest first. */
export async function listVersions(
  statePath: string,
): Promise<readonly { readonly path: string; readonly serial: number }[]> {
  const folder = folderOf(statePath);
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => {
      const serial = NAME.exec(name)?.[1];
      return serial === undefined ? [] : [{ path: join(folder, name), serial: Number(serial) }];
    })
    .sort((one, other) => other.serial - one.serial);
}
