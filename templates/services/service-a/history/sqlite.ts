import { Worker } from 'node:worker_threads';
import { type Database, HistoryFault, oneLine, type Row, type Statement } from './database.ts';
import type { SqliteOptions } from './sqlite-file.ts';
import type { SqliteReply, SqliteRequest } from './sqlite-worker.ts';

/** After this a caller no longer waits. What was asked is still done, if ever. */
const PATIENCE_MS = 5000;
/** More than that at once means that the disk does not keep up. */
const MAX_WAITING = 256;

interface Waiting {
  readonly resolve: (rows: Row[][]) => void;
  readonly reject: (why: HistoryFault) => void;
  readonly timer: NodeJS.Timeout;
}

/** The default: a file, in a thread of its own that is started with the first use. A slow disk blocks nothing but history. */
export class SqliteDatabase implements Database {
  readonly #options: SqliteOptions;
  #worker: Worker | undefined;
  #last = 0;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: SqliteOptions) {
    this.#options = options;
  }

  batch(statements: readonly Statement[], { erase = false } = {}): Promise<Row[][]> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(new HistoryFault(SLOW));
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id)?.reject(new HistoryFault(SLOW)), PATIENCE_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      const worker = this.#thread();
      worker.ref();
      worker.postMessage({ id, statements, erase } satisfies SqliteRequest);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    // Taken in order: when it is gone, all that was asked before has been done.
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    worker.postMessage({ id: 0 });
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      gone,
      new Promise((resolve) => {
        timer = setTimeout(resolve, PATIENCE_MS);
      }),
    ]);
    clearTimeout(timer);
    await worker.terminate();
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    // From the bundle the thread is the same file; from the sources the file beside this one.
    const program = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : import.meta.url;
    const worker = new Worker(new URL(program, import.meta.url), {
      workerData: { chainctl: 'history', options: this.#options },
    });
    worker.on('message', (reply: SqliteReply) => {
      const waiting = this.#settle(reply.id);
      if ('rows' in reply) waiting?.resolve(reply.rows);
      else waiting?.reject(new HistoryFault(oneLine(reply.fault)));
    });
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new Error('its thread ended')));
    this.#worker = worker;
    return worker;
  }

  #lost(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const reason = new HistoryFault(oneLine(error instanceof Error ? error.message : String(error)));
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(reason);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(id);
    // Nothing that it could do holds the process.
    if (this.#waiting.size === 0) this.#worker?.unref();
    return waiting;
  }
}

const SLOW = 'the database does not answer in time';
