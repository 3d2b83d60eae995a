import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

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
