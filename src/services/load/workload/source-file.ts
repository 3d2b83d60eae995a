import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { notPlain } from '../../files/text-file.ts';
import { shellWord } from '../../words.ts';

/** A file of data as a load refers to it: generators read it for themselves, and what it holds is in no record. */
export interface FileRef {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  /** Of the file as it lies there, also where it is compressed. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Largest file of data, also after it was uncompressed. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const CHUNK = 1 << 20;
/** So much of a file tells what it is. */
const SEEN_BYTES = 4096;

/** What is told of a file that cannot be used. */
export class SourceFault {
  readonly #flag: string;
  readonly #path: string;

  /** @param flag with which the file was given */
  constructor(flag: string, path: string) {
    this.#flag = flag;
    this.#path = path;
  }

  /** @param next commands or words, with FILE in the place of the file's name */
  make(why: string, next: readonly string[] = [], code = 'data-invalid', cause?: unknown): RemedyError {
    const named = next.map((each) => each.replaceAll('FILE', shellWord(this.#path)));
    return remedy.usage(code, `--${this.#flag} ${this.#path}: ${why}`, named, cause);
  }

  tooLarge(what: string): RemedyError {
    const part = `take a part of it: head -n 50000 FILE > part.jsonl, of an array: jq -c '.[:50000][]' FILE > part.jsonl`;
    return this.make(`${what}, and at most ${MAX_FILE_BYTES / 1024 / 1024} MB are taken`, [part]);
  }
}

/**
 * Reads a file of data, piece by piece: uncompressed where it is compressed with gzip, without a byte order mark.
 *
 * @param onBytes told how much of the file was read, for who waits
 * @returns what it is, once all of it was given to `take`
 * @throws RemedyError (exit 2) when it is not there, too large (before it is read), or not text
 */
export async function readSource(
  path: string,
  flag: string,
  take: (piece: Buffer) => void,
  onBytes: (read: number, of: number) => void = () => {},
): Promise<FileRef> {
  const fault = new SourceFault(flag, path);
  const head = Buffer.alloc(SEEN_BYTES);
  let bytes = 0;
  let seen = 0;
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw fault.make('it is a folder', ['name a file']);
    bytes = found.size;
    if (bytes > MAX_FILE_BYTES) throw fault.tooLarge(`it has ${megabytes(bytes)}`);
    // Before it is opened: a pipe that nobody writes into would never be. It can be read only once, anyway.
    if (!found.isFile())
      throw fault.make('it is no file, and generators have to read it again', ['write it to a file']);
    const file = await open(path, 'r');
    seen = (await file.read(head, 0, SEEN_BYTES, 0)).bytesRead;
    await file.close();
  } catch (error) {
    if (error instanceof RemedyError) throw error;
    throw fault.make(`cannot be read: ${reasonOf(error)}`, [`say where it lies: --${flag} PATH`], undefined, error);
  }
  const first = head.subarray(0, seen);
  const zipped = first[0] === 0x1f && first[1] === 0x8b;
  const other = zipped ? undefined : notPlain(first, path, `--${flag}`);
  if (other !== undefined) throw fault.make(`it ${other.is}`, other.next);
  const hash = createHash('sha256');
  let read = 0;
  const raw = createReadStream(path, { highWaterMark: CHUNK });
  const counted = Readable.from(
    (async function* () {
      for await (const piece of raw as AsyncIterable<Buffer>) {
        hash.update(piece);
        read += piece.length;
        if (read > MAX_FILE_BYTES) throw fault.tooLarge('it grows while it is read');
        onBytes(read, bytes);
        yield piece;
      }
    })(),
  );
  const text = zipped ? counted.pipe(createGunzip({ chunkSize: CHUNK })) : counted;
  // A pipe does not hand on what fails before it.
  if (zipped) counted.on('error', (error) => text.destroy(error));
  let given = 0;
  try {
    for await (const piece of text as AsyncIterable<Buffer>) {
      if (given === 0 && zipped) {
        const inside = notPlain(piece.subarray(0, SEEN_BYTES), path, `--${flag}`);
        if (inside !== undefined) throw fault.make(`what is compressed in it ${inside.is}`);
      }
      const isMarked = given === 0 && piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf;
      given += piece.length;
      if (given > MAX_FILE_BYTES) throw fault.tooLarge(`uncompressed, it has more than ${megabytes(MAX_FILE_BYTES)}`);
      take(isMarked ? piece.subarray(3) : piece);
    }
  } catch (error) {
    if (error instanceof RemedyError) throw error;
    throw fault.make(`cannot be read: ${reasonOf(error)}`, [], undefined, error);
  } finally {
    raw.destroy();
  }
  return { path: resolve(path), name: basename(path), sha256: hash.digest('hex'), bytes: read };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
