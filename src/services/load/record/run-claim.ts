import { link, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, type RemedyError, remedy } from '../../../errors.ts';
import { resultsUnwritable } from './results-folder.ts';
import { type Claimant, type ClaimDeps, readClaim } from './tag-claim.ts';

/** Names whoever writes a run, in the run's folder, for as long as it does. */
const CLAIM = 'writer.json';

/**
 * Takes a run's folder for this process alone: two that write the same run would measure its points twice, and each
 * would rename the other's files. What a dead process left is cleared.
 *
 * @returns what gives the folder free again
 * @throws RemedyError `run-in-progress` (exit 6), naming who writes it; `results-unwritable` (exit 3)
 */
export async function claimRun(
  folder: string,
  { self, isAlive }: Pick<ClaimDeps, 'self' | 'isAlive'>,
): Promise<() => Promise<void>> {
  const path = join(folder, CLAIM);
  for (;;) {
    if (await made(path, self)) return () => rm(path, { force: true }).catch(() => {});
    const writer = await readClaim(path);
    const isElsewhere = writer !== undefined && writer.host !== self.host;
    if (writer !== undefined && (isElsewhere || (await isAlive(writer)))) {
      throw inProgress(folder, path, writer, isElsewhere);
    }
    await rm(path, { force: true }).catch((error: unknown) => {
      throw resultsUnwritable(folder, error);
    });
  }
}

/**
 * Makes the file with all that it says at once: only one of two that come at the same time can.
 *
 * @returns false where there is one
 */
async function made(path: string, self: Claimant): Promise<boolean> {
  const draft = `${path}.${self.pid}`;
  try {
    await writeFile(draft, JSON.stringify(self));
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw resultsUnwritable(dirname(path), error);
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

/** Whether a process of another machine still runs cannot be seen from here. */
function inProgress(folder: string, path: string, { pid, host, command }: Claimant, elsewhere: boolean): RemedyError {
  const where = elsewhere ? ` on ${host}` : '';
  return remedy.locked(
    'run-in-progress',
    `the run ${folder} is still being written (pid ${pid}${where}: ${command})`,
    elsewhere
      ? [`if pid ${pid} does not run on ${host} any more: rm ${path}`]
      : ['wait until it ends', `or stop it, which keeps what it measured: kill -INT ${pid}`],
  );
}
