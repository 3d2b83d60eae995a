import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, remedy } from '../../errors.ts';
import { TIMELINE_FILE } from '../scaling/timeline-record.ts';
import { shellWord } from '../words.ts';

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
  const isRun = (folder: string) => marks.some((mark) => existsSync(join(folder, mark)));
  const named = [join(results, name), name].find(isRun);
  if (named !== undefined && name !== 'latest') return named;
  const begun = [join(results, name), name].find((folder) => existsSync(join(folder, 'points.jsonl')));
  if (begun !== undefined) {
    const what = `${begun} is of a run whose process ended before it sent anything: there is nothing to show`;
    throw remedy.usage('run-unknown', what, [`begin it again, and remove what is left: rm -r ${shellWord(begun)}`]);
  }
  const runs = (await namesIn(results)).filter((each) => /^\d{8}-\d{6}/.test(each) && isRun(join(results, each)));
  const youngest = runs.at(-1);
  if (name === 'latest' && youngest !== undefined) return join(results, youngest);
  const what =
    name === 'latest'
      ? `there is no run in ${results}`
      : `${name} is neither the folder of a run nor the id of one in ${results}`;
  const known = runs.slice(-3).reverse().join(', ');
  throw remedy.usage('run-unknown', what, [
    ...(known === '' ? [] : [`name one of the latest: ${known}`]),
    `name the folder of a run, its id or "latest"; ${flag} names the folder that runs are in`,
  ]);
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  });
  return names.sort();
}
