import { type FileHandle, open } from 'node:fs/promises';
import { type Writable, writeAll } from './write-all.ts';

/** A file that is appended to. */
export type Appendable = Writable & Pick<FileHandle, 'stat' | 'truncate'>;

const NEWLINE = 10;

/**
 * Appends lines, which end with a line break each. Where that fails, what a full disk has taken of a line is cut off
 * again, so that the file ends with a whole one, and whoever goes on with it begins a new one.
 *
 * @throws the system's error
 */
export async function appendLines(file: Appendable, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    await writeAll(file, bytes, (count) => {
      done = count;
    });
  } catch (error) {
    const torn = done - (bytes.lastIndexOf(NEWLINE, done - 1) + 1);
    if (done > 0 && torn > 0) await cut(file, torn);
    throw error;
  }
}

/** The same for a file that is opened for it alone, and made with this mode where it is not there. @throws as above */
export async function appendLinesTo(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'a', mode);
  try {
    await appendLines(file, text);
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  await file.close();
}

/** The file is as readable as can be; a tail that stays is passed over by who reads it. */
async function cut(file: Appendable, bytes: number): Promise<void> {
  try {
    const { size } = await file.stat();
    await file.truncate(size - bytes);
  } catch {
    // The first failure is the one that is told.
  }
}
