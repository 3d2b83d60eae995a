import { type FileHandle, open } from 'node:fs/promises';

/**
 * An append-only file: rows are handed to the system as they come, in order. The first failure is kept and told once;
 * everything after it is left out, so that the file ends with whole batches.
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
      const text = await handle.readFile();
      const end = text.lastIndexOf('\n') + 1;
      if (end < text.length) await handle.truncate(end);
      if (end === 0) await handle.appendFile(header);
      return new CsvFile(path, handle, onFailure);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  append(rows: string): void {
    if (rows === '') return;
    this.#last = this.#last.then(async () => {
      if (this.#failed) return;
      try {
        await this.#handle.appendFile(rows);
      } catch (error) {
        this.#failed = true;
        this.#onFailure(error);
      }
    });
  }

  /** Resolves when everything that was appended is in the file (or has failed). */
  flushed(): Promise<void> {
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#handle.close();
  }
}
