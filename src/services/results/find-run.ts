import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, type RemedyError, remedy } from '../../errors.ts';
import { TIMELINE_FILE } from '../scaling/timeline-record.ts';

const RUN = ['manifest.json'];

/** A run, or the timeline of a group that was watched without one. */
export const RUN_OR_WATCH: readonly string[] = [...RUN, TIMELINE_FILE];

/**
 * The folder that a run's name means: a folder, the id of a run below `results`, or `latest`, the youngest run there
 * (the ids begin with the time).
 *
 * @param marks files of which a run's folder has one at least
 * @param flag what tells the command where runs are
 * @throws RemedyError `run-unknown` (exit 2)
 */
export async function findRun(
  name: string,
  results: string,
  { marks = RUN, flag = '--results' }: { readonly marks?: readonly string[]; readonly flag?: string } = {},
): Promise<string> {
  const unknown = (message: string, known: readonly string[]) => unknownRun(message, known, flag);
  if (name === 'latest') {
    const youngest = (await runsIn(results, marks)).at(-1);
    if (youngest !== undefined) return join(results, youngest);
    throw unknown(`there is no run in ${results}`, []);
  }
  for (const folder of [join(results, name), name]) {
    if (await isRun(folder, marks)) return folder;
  }
  const runs = await runsIn(results, marks);
  throw unknown(`${name} is neither the folder of a run nor the id of one in ${results}`, runs.slice(-3).reverse());
}

async function runsIn(results: string, marks: readonly string[]): Promise<string[]> {
  const names = await readdir(results).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  });
  const runs: string[] = [];
  for (const name of names.sort())
    if (/^\d{8}-\d{6}/.test(name) && (await isRun(join(results, name), marks))) runs.push(name);
  return runs;
}

async function isRun(folder: string, marks: readonly string[]): Promise<boolean> {
  for (const mark of marks) {
    const file = await stat(join(folder, mark)).catch(() => undefined);
    if (file?.isFile()) return true;
  }
  return false;
}

function unknownRun(message: string, known: readonly string[], flag: string): RemedyError {
  return remedy.usage('run-unknown', message, [
    ...(known.length === 0 ? [] : [`name one of the latest: ${known.join(', ')}`]),
    `name the folder of a run, its id or "latest"; ${flag} names the folder that runs are in`,
  ]);
}
