import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Emit } from '../../events.ts';

/** What services keep beside their logs, by how the names begin. */
const KEPT = [
  { what: 'conversations', name: 'history.db' },
  { what: 'vectors', name: 'index' },
] as const;

interface Kept {
  readonly what: string;
  readonly path: string;
}

/**
 * What a teardown leaves in the folder of logs beside them, which people may not expect there.
 *
 * @param remove whether it is to go, with the files that SQLite has beside its own
 * @param inUse whether a service runs that has it open: then nothing is left over, and nothing is removed
 */
export async function keptData(
  logs: string,
  { remove, inUse, emit }: { readonly remove: boolean; readonly inUse: boolean; readonly emit: Emit },
): Promise<readonly Kept[]> {
  if (inUse) {
    const text = 'conversations are not deleted: the services of this machine are still up';
    if (remove) emit({ type: 'note', level: 'warn', text });
    return [];
  }
  const names: readonly string[] = await readdir(logs).catch(() => []);
  const kept = KEPT.filter(({ name }) => names.includes(name)).map(({ what, name }) => ({
    what,
    path: join(logs, name),
  }));
  if (!remove) return kept;
  for (const { what, path } of kept) {
    for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { recursive: true, force: true });
    emit({ type: 'note', level: 'info', text: `deleted the ${what}: ${path}` });
  }
  return [];
}
