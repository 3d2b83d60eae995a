import { reasonOf } from '../../../errors.ts';
import { brief } from '../engine/brief.ts';
import type { SourceFault } from './source-file.ts';

/** Where a record of a file stands, for who has to find it. */
export interface Place {
  /** The first is 1. */
  readonly line: number;
  /** Of an array the number of the entry, the first is 1. */
  readonly entry?: number;
}

export const placeText = ({ line, entry }: Place): string =>
  entry === undefined ? `line ${line}` : `entry ${entry} of the array, line ${line}`;

const NEWLINE = 10;
const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_ARRAY, CLOSE_ARRAY, COMMA] = [...Buffer.from('"\\{}[],')] as [
  ...[number, number, number, number, number, number, number],
];
const isBlank = (byte: number) => byte === 32 || byte === 9 || byte === 13 || byte === NEWLINE;

/**
 * Cuts a text of JSON, given in pieces, into its records: a line each, or the entries of one array. Holds one record at a
 * time. Blank lines are none.
 */
export class RecordSplitter {
  readonly #onRecord: (bytes: Buffer, place: Place) => void;
  readonly #fault: SourceFault;
  #kind: 'unknown' | 'lines' | 'array' = 'unknown';
  #rest: Buffer[] = [];
  #line = 1;
  /** Of an array: how deep the record is, and what its bytes mean. */
  #entry = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #startLine = 1;
  #over = false;

  constructor(onRecord: (bytes: Buffer, place: Place) => void, fault: SourceFault) {
    this.#onRecord = onRecord;
    this.#fault = fault;
  }

  take(piece: Buffer): void {
    let from = 0;
    if (this.#kind === 'unknown') {
      while (from < piece.length && isBlank(piece[from] as number)) if (piece[from++] === NEWLINE) this.#line++;
      if (from === piece.length) return;
      // A line that is an array is none of the forms: one array of entries is meant.
      this.#kind = piece[from] === OPEN_ARRAY ? 'array' : 'lines';
      if (this.#kind === 'array') from++;
    }
    if (this.#kind === 'lines') this.#takeLines(piece, from);
    else this.#takeArray(piece, from);
  }

  /** @throws RemedyError (exit 2) when an array does not end */
  end(): void {
    if (this.#kind === 'lines' && this.#rest.length > 0) this.#tellLine(this.#taken());
    if (this.#kind === 'array' && !this.#over) {
      const last = this.#entry === 0 ? '' : ` after entry ${this.#entry}`;
      throw this.#fault.make(`the array does not end${last}: the file is cut off`, ['get the whole file again']);
    }
  }

  #takeLines(piece: Buffer, start: number): void {
    let from = start;
    for (let at = piece.indexOf(NEWLINE, from); at >= 0; at = piece.indexOf(NEWLINE, from)) {
      const line = piece.subarray(from, at);
      if (this.#rest.length > 0) this.#rest.push(line);
      this.#tellLine(this.#rest.length > 0 ? this.#taken() : line);
      this.#line++;
      from = at + 1;
    }
    if (from < piece.length) this.#rest.push(piece.subarray(from));
  }

  #tellLine(bytes: Buffer): void {
    if (!isEmpty(bytes)) this.#onRecord(bytes, { line: this.#line });
  }

  #takeArray(piece: Buffer, start: number): void {
    let from = this.#depth > 0 ? start : -1;
    for (let at = start; at < piece.length; at++) {
      const byte = piece[at] as number;
      if (byte === NEWLINE) this.#line++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE && this.#depth > 0) this.#inString = true;
      else if (byte === OPEN || (byte === OPEN_ARRAY && this.#depth > 0)) {
        if (this.#depth++ === 0) {
          from = at;
          this.#startLine = this.#line;
        }
      } else if (this.#depth > 0) {
        if (byte !== CLOSE && byte !== CLOSE_ARRAY) continue;
        if (--this.#depth > 0) continue;
        this.#rest.push(piece.subarray(from, at + 1));
        this.#onRecord(this.#taken(), { line: this.#startLine, entry: ++this.#entry });
        from = -1;
      } else if (byte === CLOSE_ARRAY) this.#over = true;
      else if (byte !== COMMA && !isBlank(byte)) this.#stray(byte);
    }
    if (from >= 0) this.#rest.push(piece.subarray(from));
  }

  #stray(byte: number): never {
    const what = this.#over ? 'text after the end of the array' : 'something that is no object in the array';
    throw this.#fault.make(`line ${this.#line} has ${what}: "${String.fromCharCode(byte)}"`);
  }

  #taken(): Buffer {
    const [only, ...more] = this.#rest;
    const bytes = more.length === 0 ? (only ?? Buffer.alloc(0)) : Buffer.concat(this.#rest);
    this.#rest = [];
    return bytes;
  }
}

function isEmpty(bytes: Buffer): boolean {
  for (const byte of bytes) if (!isBlank(byte)) return false;
  return true;
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The JSON object of a record.
 *
 * @throws RemedyError (exit 2) that names the place, when it is not UTF-8, not JSON or no object
 */
export function objectOf(bytes: Buffer, place: Place, fault: SourceFault): Record<string, unknown> {
  let text: string;
  try {
    text = DECODER.decode(bytes);
  } catch {
    const convert = 'convert it, from Latin 1 for example: iconv -f LATIN1 -t UTF-8 FILE > text';
    throw fault.make(`${placeText(place)} is not UTF-8`, [convert]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault.make(`${placeText(place)} is not JSON: ${brief(reasonOf(error))}`, show(place));
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw fault.make(`${placeText(place)} is no JSON object: ${brief(text)}`, show(place));
}

/** How to look at a record. */
export function show({ line, entry }: Place): string[] {
  return [entry === undefined ? `look at it: sed -n ${line}p FILE` : `look at it: jq '.[${entry - 1}]' FILE`];
}
