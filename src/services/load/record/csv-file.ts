import { type FileHandle, open } from 'node:fs/promises';
import { appendLines } from '../../files/append-lines.ts';
import { synced } from '../../files/write-durably.ts';

/** So much of a file's end is looked at in one go for its last line break, bytes. */
const TAIL_BYTES = 64 * 1024;

/**
 * An append-only file: rows are handed to the system as they come, in order. The first failure, also one that only comes
 * to light when the file is synced or closed, is kept and told once; everything after it is left out, so that the file
 * ends with whole rows.
 */
export class CsvFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #onFailure: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  /** Takes over an open file; {@link create} is the usual way. */
  constructor(path: string, handle: FileHandle, onFailure: (error: unknown) => void) {
    this.path = path;
    this.#handle = handle;
    this.#onFailure = onFailure;
  }

  /** @throws the system's error, also when the file is already there */
  static create(path: string, header: string, onFailure: (error: unknown) => void): Promise<CsvFile> {
    return CsvFile.#open(path, 'ax+', header, onFailure);
  }

  /** Goes on with a file that an earlier process left, or begins it: a last line that was cut off goes. @throws as above */
  static resume(path: string, header: string, onFailure: (error: unknown) => void): Promise<CsvFile> {
    return CsvFile.#open(path, 'a+', header, onFailure);
  }

  static async #open(path: string, flags: string, header: string, onFailure: (error: unknown) => void) {
    const handle = await open(path, flags, 0o644);
    try {
      const { size } = await handle.stat();
      const end = await endOfLines(handle, size);
      if (end < size) await handle.truncate(end);
      if (end === 0 && header !== '') await appendLines(handle, header);
      return new CsvFile(path, handle, onFailure);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  append(rows: string): void {
    if (rows !== '') this.#then(() => appendLines(this.#handle, rows));
  }

  /** Resolves when everything that was appended is in the file (or has failed). */
  flushed(): Promise<void> {
    return this.#last;
  }

  /** The same, and it is there also after a loss of power. */
  durable(): Promise<void> {
    return this.#then(() => synced(this.#handle));
  }

  /** Does not throw: what is lost by it is told as any other failure. */
  async close(): Promise<void> {
    await this.durable();
    await this.#handle.close().catch((error: unknown) => this.#fail(error));
  }

  #then(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (!this.#failed) await work().catch((error: unknown) => this.#fail(error));
    });
    return this.#last;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onFailure(error);
  }
}

/** Where the last line ends that was written whole; 0 without one. */
async function endOfLines(handle: FileHandle, size: number): Promise<number> {
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(10);
    if (at >= 0) return from + at + 1;
    to = from;
  }
  return 0;
}
