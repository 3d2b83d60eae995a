import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { hasCode } from '../../../errors.ts';

/** One record of an append-only file: JSON never holds a raw line break, so a line is a record. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/**
 * Lines of a text file in order, without their ends; none when the file is not there. The last one may be cut off where
 * the writer was killed, and is told as such.
 */
export async function* linesOf(path: string): AsyncGenerator<{ readonly text: string; readonly whole: boolean }> {
  // `readline` hides whether the last line had its end: the last character of the stream tells.
  let last = '';
  const input = createReadStream(path, { encoding: 'utf8' });
  input.on('data', (chunk) => (last = String(chunk).at(-1) ?? last));
  let held: string | undefined;
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (held !== undefined) yield { text: held, whole: true };
      held = text;
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if (held !== undefined) yield { text: held, whole: last === '\n' };
}

/**
 * The records of an append-only file. A cut-off last line is left out.
 *
 * @throws SyntaxError for a broken line in the middle: that is not what a killed writer leaves
 */
export async function readJsonLines<T>(path: string): Promise<T[]> {
  const records: T[] = [];
  for await (const { text, whole } of linesOf(path)) {
    if (!whole) {
      const value = parsedOrNothing<T>(text);
      if (value !== undefined) records.push(value);
    } else if (text !== '') records.push(JSON.parse(text) as T);
  }
  return records;
}

function parsedOrNothing<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
