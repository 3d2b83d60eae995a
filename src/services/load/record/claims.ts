import { hash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type RemedyError, remedy } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { createDurably, writeDurably } from '../../files/write-durably.ts';
import { parseJson, shellWord } from '../../words.ts';
import type { SweepReport } from '../types.ts';
import { resultsUnwritable } from './results-folder.ts';

/** Who runs a load, as it stands in a file. */
const claimant = z.object({ host: z.string(), pid: z.number(), startedAt: z.string(), command: z.string() });

type Claimant = z.infer<typeof claimant>;

export interface ClaimDeps {
  /** Where claims of tags are kept: not with the results, which are for readers. */
  readonly folder: string;
  readonly self: Claimant;
  /** Whether this process of this machine still runs. */
  isAlive(claimant: Pick<Claimant, 'pid' | 'startedAt'>): Promise<boolean>;
  readonly emit: Emit;
}

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
  const path = join(folder, 'writer.json');
  for (;;) {
    // It appears with all that it says at once: only one of two that come at the same time can make it.
    const made = await createDurably(path, JSON.stringify(self), { mode: 0o644 }).catch((error: unknown) => {
      throw resultsUnwritable(folder, error);
    });
    if (made) return () => removed(path);
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

/** Whether a process of another machine still runs cannot be seen from here. */
function inProgress(folder: string, path: string, { pid, host, command }: Claimant, elsewhere: boolean): RemedyError {
  const where = elsewhere ? ` on ${host}` : '';
  return remedy.locked(
    'run-in-progress',
    `the run ${folder} is still being written (pid ${pid}${where}: ${command})`,
    elsewhere
      ? [`if pid ${pid} does not run on ${host} any more: rm ${shellWord(path)}`]
      : ['wait until it ends', `or stop it, which keeps what it measured: kill -INT ${pid}`],
  );
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
  const name = hash('sha256', JSON.stringify([outFolder, tag])).slice(0, 16);
  const own = `${name}.${self.pid}.json`;
  try {
    await makeFolder(folder, 0o700);
    // First the note, then the look: of two that begin together, one at least sees the other.
    await writeDurably(join(folder, own), JSON.stringify(self), { mode: 0o600 });
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
  return () => removed(join(folder, own));
}

function shared(tag: string, outFolder: string, { pid, command }: Claimant): string {
  return (
    `another load with tag ${tag} is writing to ${outFolder} (pid ${pid}: ${command}): each run keeps its own folder, ` +
    `but ${tag}_summary.csv and its siblings show whichever began last; use another --tag or --results`
  );
}

/** Who a record can be seen from: whether its writer still runs is known of one's own machine only. */
export interface Onlooker extends Pick<ClaimDeps, 'isAlive'> {
  readonly host: string;
}

/**
 * What became of a run whose record has no end.
 *
 * @param from without it, nobody can be alive
 */
export async function fateOf(folder: string, from?: Onlooker): Promise<Pick<SweepReport, 'status' | 'writer'>> {
  const claim = await readClaim(join(folder, 'writer.json'));
  if (claim === undefined || from === undefined) return { status: 'killed' };
  const writer = `pid ${claim.pid}${claim.host === from.host ? '' : ` on ${claim.host}`}`;
  if (claim.host !== from.host) return { status: 'unfinished', writer };
  return { status: (await from.isAlive(claim)) ? 'running' : 'killed', writer };
}

/** What a file says of who wrote it; undefined where it is gone, or says nothing that can be read. */
async function readClaim(path: string): Promise<Claimant | undefined> {
  return claimant.safeParse(parseJson(await readFile(path, 'utf8').catch(() => ''))).data;
}

function removed(path: string): Promise<void> {
  return rm(path, { force: true }).catch(() => {});
}
