import { createReadStream } from 'node:fs';
import { hasCode, reasonOf, remedy } from '../../../errors.ts';
import { shellWord } from '../../words.ts';

/** One record of an append-only file: JSON never holds a raw line break, so a line is a record. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** Whether a part of a line never came to the disk: a file has zeros where its size was written and its data was not. */
export function isZeroed(text: string): boolean {
  return text.includes('\0');
}

/**
 * Lines of a text file in order, without their ends; none when the file is not there. The last one may be cut off where
 * the writer was killed, and is told as such.
 */
export async function* linesOf(path: string): AsyncGenerator<{ readonly text: string; readonly whole: boolean }> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() as string;
      for (const text of lines) yield { text, whole: true };
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if (rest !== '') yield { text: rest, whole: false };
}

/**
 * The records of an append-only file. A cut-off last line is left out, and so is one with zeros in it: that is what a
 * file system has of a line that was not on the disk when the power went.
 *
 * @throws RemedyError (exit 2) for a broken line in the middle: that is not what a killed writer leaves
 */
export async function readJsonLines<T>(path: string): Promise<T[]> {
  const records: T[] = [];
  let line = 0;
  for await (const { text, whole } of linesOf(path)) {
    line++;
    try {
      if (text !== '') records.push(JSON.parse(text) as T);
    } catch (error) {
      if (!whole || isZeroed(text)) continue;
      const take = `take the line out, and what it told is left out: sed -i ${line}d ${shellWord(path)}`;
      throw remedy.usage('record-broken', `line ${line} of ${path} is not JSON: ${reasonOf(error)}`, [take], error);
    }
  }
  return records;
}
