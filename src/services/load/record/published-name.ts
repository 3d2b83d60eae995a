import { link, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '../../../errors.ts';
import { copyDurably } from '../../files/write-durably.ts';

/**
 * The contract's file names in the results folder always show the latest run of a tag. The file itself lies in the
 * folder of its run, and the name is a second link to it: rows appear under both while they are written, and a later
 * run takes the name away without touching the data.
 *
 * @returns what is to be called once the file is complete: it makes a copy where the file system has no hard links
 */
export async function publish(file: string, folder: string): Promise<() => Promise<void>> {
  const name = join(folder, basename(file));
  await retire(name);
  try {
    await link(file, name);
    return async () => {};
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK')) throw error;
    return async () => {
      await retire(name);
      await copyDurably(file, name);
    };
  }
}

/**
 * The files of points in a folder: which rate each is of (of a closed loop, how many were kept open), and the
 * how-many-th point of that rate.
 *
 * @param prefix tag and target, as in `aws_chain_rps10.csv`
 */
export async function pointFiles(folder: string, prefix: string) {
  return (await readdir(folder)).flatMap((name) => {
    if (!name.startsWith(prefix)) return [];
    const [, rate, nth = 1] = /^_(?:rps|c)([\d.]+?)(?:_(\d+))?\.csv$/.exec(name.slice(prefix.length)) ?? [];
    return rate === undefined ? [] : [{ name, rate: Number(rate), nth: Number(nth) }];
  });
}

/**
 * Frees the names that an earlier run of this tag and target left, so that files of two runs never stand side by side.
 *
 * @returns how many names were freed
 */
export async function retireAll(folder: string, prefix: string): Promise<number> {
  const files = await pointFiles(folder, prefix);
  for (const { name } of files) await retire(join(folder, name));
  return files.length;
}

/** A name whose file is also in its run's folder is dropped; the only copy of something is renamed and kept. */
export async function retire(path: string): Promise<void> {
  const links = await linksOf(path);
  if (links === undefined) return;
  if (links > 1) await unlink(path);
  else await rename(path, await unusedName(path.replace(/\.csv$/, '')));
}

async function unusedName(stem: string): Promise<string> {
  for (let n = 1; ; n++) {
    const candidate = `${stem}.earlier-${n}.csv`;
    if ((await linksOf(candidate)) === undefined) return candidate;
  }
}

async function linksOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).nlink;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
