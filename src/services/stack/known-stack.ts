import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode, type RemedyError, remedy } from '../../errors.ts';
import type { StackPaths } from './paths.ts';

/** The stack that is meant where none is named: it may be empty. */
const UNNAMED = 'default';

/**
 * Refuses a stack that was never deployed: most often its name is a slip.
 *
 * @param elsewhere whether anything else than its folder speaks of it: processes that run, a mark in a cloud
 * @throws RemedyError (exit 2) with the stacks that there are
 */
export async function requireStack(paths: StackPaths, elsewhere?: () => Promise<boolean>): Promise<void> {
  if (paths.name === UNNAMED || existsSync(paths.folder) || (await elsewhere?.()) === true) return;
  throw await noSuchStack(paths);
}

export async function noSuchStack({ name, folder }: StackPaths): Promise<RemedyError> {
  const names = (await foldersIn(dirname(folder))).filter((each) => each !== name);
  const there = names.length === 0 ? 'there is none yet' : `there are: ${names.join(', ')}`;
  return remedy.usage('no-such-stack', `there is no stack ${name}; ${there}`, [
    names.length === 0
      ? `deploy it first: chainctl deploy local --stack ${name}`
      : `name one of them: chainctl status --stack ${names[0]}`,
  ]);
}

/** The names of the folders in this one, which need not be there. */
export async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return entries.flatMap((each) => (each.isDirectory() ? [each.name] : [])).sort();
}
