import { plural } from '../../words.ts';
import { type Entry, readEntry } from './entries.ts';
import { notJsonLines } from './not-json-lines.ts';
import { objectOf, type Place, placeText, RecordSplitter } from './records.ts';
import { type FileRef, readSource, SourceFault } from './source-file.ts';

const MAX_ENTRIES = 100_000;

/** A data set as a load refers to it. */
export interface DatasetRef extends FileRef {
  readonly entries: number;
  /** How its entries are written. */
  readonly form: string;
  /** Entries in which there is nothing to ask, which are left out. */
  readonly leftOut?: number;
}

/**
 * Reads a data set whole, entry by entry, and keeps nothing of it but what `take` keeps.
 *
 * @param onBytes told how much was read
 * @throws RemedyError (exit 2) when it cannot be used, with the line at which it goes wrong
 */
export async function readDataset(
  path: string,
  flag: string,
  take: (entry: Entry, place: Place) => void,
  onBytes?: (read: number, of: number) => void,
): Promise<DatasetRef> {
  const fault = new SourceFault(flag, path);
  const forms = new Set<string>();
  let entries = 0;
  let leftOut = 0;
  const splitter = new RecordSplitter((bytes, place) => {
    const wrong = entries + leftOut === 0 ? notJsonLines(bytes.toString(), fault) : undefined;
    if (wrong !== undefined) throw wrong;
    const { form, entry } = readEntry(objectOf(bytes, place, fault), place, fault);
    forms.add(form);
    if (entry === undefined) leftOut++;
    else {
      if (++entries > MAX_ENTRIES) {
        throw fault.make(`${placeText(place)} is the entry after the ${MAX_ENTRIES}th, and no more are taken`, [
          `take a part of it: head -n ${MAX_ENTRIES} FILE > part.jsonl`,
        ]);
      }
      take(entry, place);
    }
  }, fault);
  const file = await readSource(path, flag, (piece) => splitter.take(piece), onBytes);
  splitter.end();
  if (entries > 0) return { ...file, entries, form: [...forms].join(', '), ...(leftOut > 0 ? { leftOut } : {}) };
  const nothing = leftOut === 0 ? 'it is empty' : `none of ${plural(leftOut, 'conversation')} has a turn of a person`;
  throw fault.make(nothing, ['give a file with a JSON object a line: {"prompt": "..."}']);
}
