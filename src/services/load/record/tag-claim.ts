import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Emit } from '../../../events.ts';
import { makeFolder } from '../../files/make-folder.ts';

/** As it stands in a file. */
const claimant = z.object({ host: z.string(), pid: z.number(), startedAt: z.string(), command: z.string() });

/** Who runs a load. */
export type Claimant = z.infer<typeof claimant>;

export interface ClaimDeps {
  /** Where claims are kept: not with the results, which are for readers. */
  readonly folder: string;
  readonly self: Claimant;
  /** Whether this process of this machine still runs. */
  isAlive(claimant: Pick<Claimant, 'pid' | 'startedAt'>): Promise<boolean>;
  readonly emit: Emit;
}

/**
 * Notes that a load with this tag writes to this results folder, and warns when another one does so at the same time:
 * both keep their own run, but the names of the tag show whichever wrote last. A claim of a dead process is cleared.
 *
 * @param outFolder absolute
 * @returns what takes the note away again
 */
export async function claimTag(
  { outFolder, tag }: { readonly outFolder: string; readonly tag: string },
  { folder, self, isAlive, emit }: ClaimDeps,
): Promise<() => Promise<void>> {
  const name = createHash('sha256')
    .update(JSON.stringify([outFolder, tag]))
    .digest('hex')
    .slice(0, 16);
  const own = `${name}.${self.pid}.json`;
  try {
    await makeFolder(folder, 0o700);
    // First the note, then the look: of two that begin together, one at least sees the other.
    await writeFile(join(folder, own), JSON.stringify(self), { mode: 0o600 });
    const others = (await readdir(folder)).filter((each) => each.startsWith(`${name}.`) && each !== own);
    for (const other of others) {
      const known = await readClaim(join(folder, other));
      if (known !== undefined && known.host !== self.host) continue;
      if (known === undefined || !(await isAlive(known))) await rm(join(folder, other), { force: true });
      else emit({ type: 'note', level: 'warn', text: shared(tag, outFolder, known) });
    }
  } catch {
    // A load does not depend on it.
  }
  return () => rm(join(folder, own), { force: true }).catch(() => {});
}

/** What a file says of who wrote it; undefined where it is gone, or says nothing that can be read. */
export async function readClaim(path: string): Promise<Claimant | undefined> {
  try {
    return claimant.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function shared(tag: string, outFolder: string, { pid, command }: Claimant): string {
  return (
    `another load with tag ${tag} is writing to ${outFolder} (pid ${pid}: ${command}): each run keeps its own folder, ` +
    `but ${tag}_summary.csv and its siblings show whichever began last; use another --tag or --results`
  );
}
