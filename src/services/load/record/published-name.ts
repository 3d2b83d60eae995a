import { copyFile, link, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '../../../errors.ts';

/**
 * The contract's file names in the results folder always show the latest run of a tag. The file itself lies in the
 * folder of its run, and the name is a second link to it: rows appear under both while they are written, and a later
 * run takes the name away without touching the data.
 *
 * @returns false where the file system has no hard links; the name then has to be copied when the file is complete
 */
export async function publish(file: string, folder: string): Promise<boolean> {
  const name = join(folder, basename(file));
  await retire(name);
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK')) throw error;
    return false;
  }
}

/** The stand-in for {@link publish} on file systems without hard links. */
export async function publishCopy(file: string, folder: string): Promise<void> {
  const name = join(folder, basename(file));
  await retire(name);
  await copyFile(file, name);
}

/**
 * Frees the names that an earlier run of this tag and target left, so that files of two runs never stand side by side.
 *
 * @returns how many names were freed
 */
export async function retireAll(folder: string, prefix: string): Promise<number> {
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(prefix) && /rps[\d.]+(_\d+)?\.csv$/.test(name),
  );
  for (const name of names) await retire(join(folder, name));
  return names.length;
}

/** A name whose file is also in its run's folder is dropped; the only copy of something is renamed and kept. */
async function retire(path: string): Promise<void> {
  let links: number;
  try {
    links = (await stat(path)).nlink;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if (links > 1) await unlink(path);
  else await rename(path, await unusedName(path.replace(/\.csv$/, '')));
}

async function unusedName(stem: string): Promise<string> {
  for (let n = 1; ; n++) {
    const candidate = `${stem}.earlier-${n}.csv`;
    try {
      await stat(candidate);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return candidate;
      throw error;
    }
  }
}
