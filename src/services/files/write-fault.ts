import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { shellWord } from '../words.ts';

/** What the system's code for a failed write means, and what to look at; `at` is the folder, for a shell. */
const FAULTS: Readonly<Record<string, readonly [why: string, next: (at: string) => string]>> = {
  ENOSPC: ['the disk is full', (at) => `free space there, see: df -h ${at}; df -i ${at}`],
  EDQUOT: ['the disk quota of this user is used up', (at) => `remove what is not needed, see: du -sh ${at}`],
  EFBIG: ['the file would be larger than this process may write', () => 'see the limit with: ulimit -f'],
  EROFS: ['the file system is read-only', (at) => `see how it is mounted: findmnt -T ${at}`],
  EIO: ['the disk reports an error', () => 'see what the kernel says of it: dmesg | tail'],
  EACCES: ['this user may not write there', (at) => `see whose it is: ls -ld ${at}`],
  EPERM: ['this user may not write there', (at) => `see whose it is: ls -ld ${at}`],
  EMFILE: ['this process has too many files open', () => 'see the limit with: ulimit -n'],
};

/** Why a file could not be written, in words that name the system's own, and what to look at where that is known. */
export function writeFault(path: string, error: unknown): { readonly why: string; readonly next: readonly string[] } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const [why, next] = FAULTS[code] ?? [];
  if (why === undefined || next === undefined) return { why: reasonOf(error), next: [] };
  return { why: `${why} (${reasonOf(error)})`, next: [next(shellWord(folderOf(path)))] };
}

/** The nearest folder of a path that is there. */
function folderOf(path: string): string {
  const folder = dirname(path);
  return folder === dirname(folder) || existsSync(folder) ? folder : folderOf(folder);
}
