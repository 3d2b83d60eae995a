import { randomUUID } from 'node:crypto';
import { copyFile, type FileHandle, link, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../../errors.ts';
import { writeAll } from './write-all.ts';

export interface WriteOptions {
  /** Default: that of the file which is there, else what the umask leaves of 0666. */
  readonly mode?: number;
  /** Opens the file that is written first; default: the system's. */
  readonly openFile?: typeof open;
}

/**
 * Replaces a file so that a failure or a crash, also of the machine, leaves either the old or the new one: a temporary
 * file beside it, fsync, rename, fsync of the folder. A link is followed. What is no file, such as a pipe or a device, is
 * written to as it is.
 *
 * @throws the system's error: the old file is whole then, and the temporary one gone
 */
export async function writeDurably(path: string, text: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
  const { openFile = open } = options;
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const target = await realpath(path).catch(() => path);
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile()) {
    await filled(await openFile(path, 'w'), bytes);
    return;
  }
  const draft = draftOf(target);
  try {
    const handle = await openFile(draft, 'wx', options.mode ?? 0o666);
    await filled(handle, bytes, async () => {
      // Root writes for somebody else; others may not give files away.
      if (there !== undefined) await handle.chown(there.uid, there.gid).catch(() => {});
      const mode = options.mode ?? there?.mode;
      if (mode !== undefined) await handle.chmod(mode & 0o7777);
    });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(target));
}

/**
 * Makes a file, 0600, that appears with its content in one step; one that is there already stays as it is. Either is
 * durable then.
 *
 * @returns whether it was made
 */
export async function createDurably(
  path: string,
  text: string,
  { mode = 0o600, openFile = open }: WriteOptions = {},
): Promise<boolean> {
  const draft = draftOf(path);
  try {
    await filled(await openFile(draft, 'wx', mode), Buffer.from(text));
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

/** Copies a file: whole, or not at all. @throws the system's error */
export async function copyDurably(from: string, to: string): Promise<void> {
  const draft = draftOf(to);
  try {
    await copyFile(from, draft);
    await filled(await open(draft, 'r+'), new Uint8Array());
    await rename(draft, to);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}

/** Writes and closes a file. What only comes to light later (a quota, a server's disk) is told by fsync and close. */
async function filled(handle: FileHandle, bytes: Uint8Array, before = async () => {}): Promise<void> {
  try {
    await writeAll(handle, bytes);
    await before();
    await synced(handle);
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }
  await handle.close();
}

/** Pipes, devices and some file systems have nothing to sync. */
export async function synced(handle: Pick<FileHandle, 'sync'>): Promise<void> {
  await handle.sync().catch((error: unknown) => {
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS', 'EROFS')) throw error;
  });
}

/** Makes the names in a folder durable. Where folders cannot be opened (Windows), there is nothing to do. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    await synced(folder);
  } finally {
    await folder.close();
  }
}

/** A name beside a file, no longer than file systems take. */
function draftOf(path: string): string {
  return join(dirname(path), `${basename(path).slice(0, 60)}.${randomUUID()}.draft`);
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
