import { stat } from 'node:fs/promises';
import { remedy } from '../../errors.ts';
import { shellWord } from '../words.ts';
import { readWhole } from './read-whole.ts';

/** A file with a token, a key or a password is short. */
const MOST_BYTES = 2 ** 20;

/**
 * Reads a file with a secret that an operator named, see {@link checkSecretFile}.
 *
 * @param what the file is: `token file`
 * @throws RemedyError `secret-open` (exit 3); the system's error where it cannot be read
 */
export async function readSecretFile(path: string, what: string): Promise<string> {
  await checkSecretFile(path, what);
  return (await readWhole(path, MOST_BYTES)).toString('utf8');
}

/**
 * As ssh has it: a secret of this user's own that others may read or write is refused, since whoever made it so did not
 * mean to. One of somebody else's (a mounted secret), a pipe or a device is taken as it is.
 *
 * @throws RemedyError `secret-open` (exit 3) with the command that closes it; the system's error where it is not there
 */
export async function checkSecretFile(path: string, what: string): Promise<void> {
  const seen = await stat(path);
  if (seen.isDirectory()) throw new Error('it is a folder');
  if (!seen.isFile()) return;
  if (process.getuid?.() === seen.uid && (seen.mode & 0o077) !== 0) throw openToOthers(path, what, seen.mode);
}

function openToOthers(path: string, what: string, mode: number): Error {
  const seen = (mode & 0o777).toString(8).padStart(4, '0');
  const text = `the ${what} ${path} can be used by others than its owner (mode ${seen}); 0600 is expected`;
  const known = 'if others could log in meanwhile, take a new one: this one may be known';
  return remedy.configuration('secret-open', text, [`chmod 600 ${shellWord(path)}`, known]);
}
