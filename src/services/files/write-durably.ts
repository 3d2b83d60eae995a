import { randomUUID } from 'node:crypto';
import { link, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { hasCode } from '../../errors.ts';

/**
 * Replaces a file so that a crash, also of the machine, leaves either the old or the new one: temporary file, fsync,
 * rename, fsync of the folder; mode 0600.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text, { mode: 0o600, fsync: true });
  await syncFolder(dirname(path));
}

/**
 * Makes a file, 0600, that appears with its content in one step; one that is there already stays as it is. Either is
 * durable then.
 *
 * @returns whether it was made
 */
export async function createDurably(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600, flush: true });
    const made = await link(draft, path).then(
      () => true,
      (error: unknown) => {
        if (!hasCode(error, 'EEXIST')) throw error;
        return false;
      },
    );
    await syncFolder(dirname(path));
    return made;
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

/** Makes the names in a folder durable. Where folders cannot be opened (Windows), there is nothing to do. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Names of files that are written beside another, to take its place: `state.json.123`, `lock.<uuid>`, `token.<uuid>.draft`. */
const DRAFT = /\.(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.draft)?)$/;

/** One that is younger may belong to a process that is writing it. */
const ABANDONED_MS = 10 * 60_000;

/** Removes what processes left that were killed while they wrote. Never fails: this is tidiness. */
export async function removeAbandonedDrafts(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!DRAFT.test(name)) continue;
    const path = join(folder, name);
    const seen = await stat(path).catch(() => undefined);
    if (seen?.isFile() && now - seen.mtimeMs > ABANDONED_MS) await rm(path, { force: true }).catch(() => {});
  }
}
