import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { shellWord } from '../../words.ts';
import { splitRow } from '../record/csv-reader.ts';
import { floorTo } from '../schedule/floor-to.ts';
import { charactersOf, type Messages } from './entries.ts';
import { JsonStore } from './json-store.ts';
import { objectOf, type Place, placeText, RecordSplitter, show } from './records.ts';
import { type FileRef, readSource, SourceFault } from './source-file.ts';
import { isCsvHeader, type TraceReader as Reader, TraceReader, type TraceRow } from './trace-row.ts';

const MAX_ROWS = 1_000_000;

/** A trace as a load refers to it. */
export interface TraceRef extends FileRef {
  /** Requests that are replayed, of the file's. */
  readonly requests: number;
  readonly rows: number;
  /** The field that tells when requests came. */
  readonly timeField: string;
  /** From its first request to its last, seconds, as it was recorded. */
  readonly spanSeconds: number;
  /** How many times as fast it is replayed. */
  readonly speed: number;
}

/** A request of a trace without its text, which the store of the trace has under this number. */
export interface StoredRow extends Omit<TraceRow, 'messages'> {
  readonly text?: number;
}

/** The requests of a trace in the order in which they came. */
export interface Trace {
  readonly file: FileRef;
  readonly timeField: string;
  readonly rows: readonly StoredRow[];
  readonly texts: JsonStore<Messages>;
}

/**
 * Reads a trace: JSON lines or CSV with the time of each request, and its text or lengths; a run's own record; what
 * `chainctl logs a --requests` prints.
 *
 * @param kept so many of the prompts that stand in it are kept; default all
 * @throws RemedyError (exit 2) when it cannot be used, with the line at which it goes wrong
 */
export async function readTrace(
  path: string,
  kept = Number.POSITIVE_INFINITY,
  onBytes?: (read: number, of: number) => void,
): Promise<Trace> {
  const file = await fileOf(path);
  const fault = new SourceFault('trace', file);
  const reader = new TraceReader(fault);
  const rows: StoredRow[] = [];
  const texts = new JsonStore<Messages>();
  let count = 0;
  const services = new Set<string>();
  const add = ({ messages, ...row }: TraceRow, place: Place) => {
    if (rows.length === MAX_ROWS) {
      throw fault.make(`${placeText(place)} is the request after the ${MAX_ROWS}th, and no more are taken`, [
        `take a part of it: head -n ${MAX_ROWS} FILE > part`,
      ]);
    }
    if (row.service !== undefined) services.add(row.service);
    if (messages === undefined) rows.push(row);
    else {
      const inputCharacters = charactersOf({ messages });
      rows.push({ ...row, inputCharacters, text: count++ });
      if (texts.size < kept) texts.add(messages);
    }
  };
  const cut = lineReader(reader, fault, add);
  const splitter = new RecordSplitter(cut, fault);
  const found = await readSource(file, 'trace', (piece) => splitter.take(piece), onBytes);
  splitter.end();
  if (rows.length === 0) throw fault.make('there is no request in it', ['give a file with a request a line']);
  if (services.size > 1) {
    const names = [...services].sort();
    throw fault.make(`it has the requests of ${names.join(' and ')}, and each asks the other for the same ones`, [
      `take those of one: chainctl logs ${names[0]} --requests --lines 100000 > trace.jsonl`,
    ]);
  }
  rows.sort((a, b) => a.atMs - b.atMs);
  return { file: found, timeField: reader.timeField, rows, texts };
}

/** Reads lines as CSV where the first is its header, else as JSON; logs may have the source before it, or around it. */
function lineReader(reader: Reader, fault: SourceFault, add: (row: TraceRow, place: Place) => void) {
  let columns: readonly string[] | undefined;
  let isFirst = true;
  // A row that a killed writer cut off is the last one; any other has lost something.
  let broken: Place | undefined;
  const logLine = (line: string, place: Place) => {
    const json = line.slice(Math.max(0, line.indexOf('{')));
    add(reader.row(objectOf(Buffer.from(json), place, fault), place), place);
  };
  return (bytes: Buffer, place: Place) => {
    const text = bytes.toString('utf8');
    if (broken !== undefined)
      throw fault.make(`${placeText(broken)} has not as many cells as the header`, show(broken));
    if (isFirst && place.entry === undefined && isCsvHeader(text)) columns = splitRow(text.trim());
    else if (columns !== undefined) {
      const cells = splitRow(text.trimEnd());
      if (cells.length !== columns.length) broken = place;
      else add(reader.row(Object.fromEntries(columns.map((name, at) => [name, cells[at]])), place), place);
    } else if (/^[\w-]+\s+\{/.test(text)) logLine(text, place);
    else {
      const value = objectOf(bytes, place, fault);
      if (typeof value.line === 'string') logLine(value.line, place);
      else add(reader.row(value, place), place);
    }
    isFirst = false;
  };
}

/** A run's folder stands for its record of requests, where it has one point. */
async function fileOf(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return path;
  const names = (await readdir(path)).filter((name) => /_(rps|c)[\d.]+(_\d+)?\.csv$/.test(name)).sort();
  if (names.length === 1) return join(path, names[0] as string);
  const fault = new SourceFault('trace', path);
  if (names.length === 0) throw fault.make('it is a folder without the record of a run', ['name a file']);
  const first = names.slice(0, 3).map((name) => `--trace ${shellWord(join(path, name))}`);
  throw fault.make(`the run has ${names.length} points`, [`name one of them: ${first.join(', ')}`]);
}

/** When the requests of a replay are due, and the window and the rate that they make. */
export interface Replay {
  /** Milliseconds from the window's beginning, ascending. */
  readonly times: Float64Array;
  /** Requests per second, four digits. */
  readonly rate: number;
  readonly durationSeconds: number;
}

/**
 * @param speed how many times as fast
 * @param seconds where only the beginning is replayed: so much of it, in the time of the replay
 */
export function replayOf(rows: readonly Pick<TraceRow, 'atMs'>[], speed: number, seconds?: number): Replay {
  const begin = rows[0]?.atMs ?? 0;
  const all = rows.map(({ atMs }) => (atMs - begin) / speed);
  const times = Float64Array.from(seconds === undefined ? all : all.filter((ms) => ms < seconds * 1000));
  const last = (times.at(-1) ?? 0) / 1000;
  // As many gaps as requests: the last one is as long as the mean.
  const span =
    seconds ?? (times.length < 2 || last === 0 ? Math.max(1, last) : (last * times.length) / (times.length - 1));
  const rate = floorTo(times.length / span, 4);
  // Exactly as many requests as the rate says: a rate of few digits makes the window longer by a hair.
  return { times, rate, durationSeconds: times.length / rate };
}
