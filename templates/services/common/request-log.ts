import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The file operations the log needs; a test may pass its own. */
export interface RequestLogOptions {
  readonly path: string;
  readonly warn: (line: string) => void;
  /** Bytes kept in memory while the file cannot be written; beyond it new lines are dropped and counted. */
  readonly maxBufferedBytes?: number;
  /** Milliseconds during which lines are gathered into one write. */
  readonly flushMs?: number;
  /** Milliseconds between attempts while the file cannot be written. */
  readonly retryMs?: number;
}

type Handle = Awaited<ReturnType<typeof open>>;

/**
 * Appends JSON lines in the order in which they came, in batches, never in the way of a request. A disk that is full
 * or a path that cannot be written costs lines, not service: one warning when it begins, one when it is over.
 */
export class RequestLog {
  readonly #options: Required<RequestLogOptions>;
  #lines: string[] = [];
  #bufferedBytes = 0;
  #unwritten: Buffer = Buffer.alloc(0);
  #dropped = 0;
  #failing = false;
  #handle: Handle | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;

  constructor(options: RequestLogOptions) {
    this.#options = { maxBufferedBytes: 1 << 20, flushMs: 20, retryMs: 1000, ...options };
  }

  write(entry: Record<string, unknown>): void {
    const line = `${JSON.stringify(entry)}\n`;
    // Measured in UTF-16 units, which bounds memory as well as bytes would and costs nothing.
    if (this.#bufferedBytes + line.length > this.#options.maxBufferedBytes) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#bufferedBytes += line.length;
    this.#schedule(this.#failing ? this.#options.retryMs : this.#options.flushMs);
  }

  /** Writes what is left; one attempt, bounded by `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    clearTimeout(this.#timer);
    const flushed = (async () => {
      await this.#flushing;
      await this.#flush();
      await this.#handle?.close();
    })().catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      flushed,
      new Promise((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      }),
    ]);
    clearTimeout(timer);
  }

  #schedule(ms: number): void {
    if (this.#timer || this.#flushing) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flushing = this.#flush().finally(() => {
        this.#flushing = undefined;
        if (this.#lines.length > 0 || this.#unwritten.length > 0) {
          this.#schedule(this.#failing ? this.#options.retryMs : this.#options.flushMs);
        }
      });
    }, ms);
    this.#timer.unref();
  }

  async #flush(): Promise<void> {
    if (this.#unwritten.length === 0) {
      if (this.#lines.length === 0) return;
      this.#unwritten = Buffer.from(this.#lines.join(''));
      this.#lines = [];
    }
    try {
      this.#handle ??= await openForAppend(this.#options.path);
      // A disk that fills up may take the front of a batch; what it took is not written again.
      while (this.#unwritten.length > 0) {
        const { bytesWritten } = await this.#handle.write(this.#unwritten);
        this.#unwritten = this.#unwritten.subarray(bytesWritten);
      }
    } catch (error) {
      this.#onFailure(error);
      return;
    }
    this.#bufferedBytes = this.#lines.reduce((sum, line) => sum + line.length, 0);
    if (this.#failing) {
      this.#failing = false;
      const lost = this.#dropped > 0 ? `; ${this.#dropped} lines were lost` : '';
      this.#options.warn(`request log ${this.#options.path} can be written again${lost}`);
      this.#dropped = 0;
    }
  }

  #onFailure(error: unknown): void {
    void this.#handle?.close().catch(() => {});
    this.#handle = undefined;
    if (this.#failing) return;
    this.#failing = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.warn(
      `request log ${this.#options.path} cannot be written, requests are served without it: ${reason}`,
    );
  }
}

/** Callers' prompts are not in the log, but error texts and sizes are: readable by the owner only. */
async function openForAppend(path: string): Promise<Handle> {
  await makeFolder(dirname(path));
  return open(path, 'a', 0o600);
}

/** Not `mkdir` with `recursive`: Node's never returns where a folder refuses every child, as /proc does. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}
