import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../errors.ts';

/** For so long a pipe may have nobody who writes into it, milliseconds: whoever is to has to begin first. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

/**
 * Reads a short file that an operator named, which may be a pipe: `<(pass show key)`. One that nobody writes into, or that
 * has no end, does not hold the command up.
 *
 * @param most bytes that it may have
 * @throws Error in words for a folder, for what is larger, and for a pipe without a writer; the system's own otherwise
 */
export async function readWhole(path: string, most: number, patienceMs = PATIENCE_MS): Promise<Buffer> {
  // A pipe without a writer would keep whoever opens it, and the thread that does, until there is one.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (found.isDirectory()) throw new Error('it is a folder');
    if (found.isFile() && found.size > most) throw tooLarge(most);
    const pieces: Buffer[] = [];
    let length = 0;
    for (let silentMs = 0; ; ) {
      const piece = await next(file, most + 1 - length);
      if (piece === undefined || (piece.length === 0 && found.isFIFO() && length === 0)) {
        // Whoever has it open may take any time to write.
        if (piece !== undefined) silentMs += PAUSE_MS;
        if (silentMs > patienceMs) throw new Error(`nobody wrote into it for ${patienceMs / 1000} s`);
        await sleep(PAUSE_MS);
      } else if (piece.length === 0) return Buffer.concat(pieces);
      else {
        pieces.push(piece);
        length += piece.length;
        if (length > most) throw tooLarge(most);
      }
    }
  } finally {
    await file.close();
  }
}

/** What can be read at once: nothing at the end, undefined where more may come. */
async function next(file: FileHandle, most: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(Math.min(most, 64 * 1024));
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, null);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return undefined;
    throw error;
  }
}

function tooLarge(most: number) {
  return new Error(`it is larger than ${most / 2 ** 20} MiB`);
}
