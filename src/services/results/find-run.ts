import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, hasCode, RemedyError } from '../../errors.ts';

/**
 * The folder that a run's name means: a folder, the id of a run below `results`, or `latest`, the youngest run there
 * (the ids begin with the time).
 *
 * @throws RemedyError `run-unknown` (exit 2)
 */
export async function findRun(name: string, results: string): Promise<string> {
  if (name === 'latest') {
    const youngest = (await runsIn(results)).at(-1);
    if (youngest !== undefined) return join(results, youngest);
    throw unknown(`there is no run in ${results}`, []);
  }
  for (const folder of [join(results, name), name]) {
    if (await isRun(folder)) return folder;
  }
  const runs = await runsIn(results);
  throw unknown(`${name} is neither the folder of a run nor the id of one in ${results}`, runs.slice(-3).reverse());
}

async function runsIn(results: string): Promise<string[]> {
  const names = await readdir(results).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  });
  const runs: string[] = [];
  for (const name of names.sort()) if (/^\d{8}-\d{6}/.test(name) && (await isRun(join(results, name)))) runs.push(name);
  return runs;
}

async function isRun(folder: string): Promise<boolean> {
  const file = await stat(join(folder, 'manifest.json')).catch(() => undefined);
  return file?.isFile() ?? false;
}

function unknown(message: string, known: readonly string[]): RemedyError {
  return new RemedyError(message, {
    code: 'run-unknown',
    exit: ExitCode.usage,
    nextSteps: [
      ...(known.length === 0 ? [] : [`name one of the latest: ${known.join(', ')}`]),
      'name the folder of a run, its id or "latest"; --results says where runs are',
    ],
  });
}
