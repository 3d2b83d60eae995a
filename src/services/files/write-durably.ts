import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/**
 * Replaces a file so that a crash, also of the machine, leaves either the old or the new one: temporary file, fsync,
 * rename, fsync of the folder; mode 0600.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text, { mode: 0o600, fsync: true });
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable. Where folders cannot be opened (Windows), there is nothing to do. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
