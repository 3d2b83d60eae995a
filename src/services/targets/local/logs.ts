import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { hasCode } from '../../../errors.ts';
import type { LogKind, LogLine, LogSelection, LogSource } from '../../stack/log-source.ts';
import { replicaOf } from './replicas.ts';

const CHUNK_BYTES = 256 * 1024;

/** The log files of a service; one with replicas is all of them, undefined is everything. Process logs, or the request logs. */
export async function findLogs(
  folder: string,
  selection: LogSelection,
  kind: LogKind,
): Promise<{ readonly source: string; readonly path: string }[]> {
  const suffix = kind === 'requests' ? '.requests.jsonl' : '.log';
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const sources = names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
  const chosen = sources.filter(
    (source) => selection === undefined || source === selection || replicaOf(source) === selection,
  );
  return chosen.sort().map((source) => ({ source, path: join(folder, `${source}${suffix}`) }));
}

/** Reads a log from its end or, when following, from where it was left. A file that shrank is read from its start. */
export class LogReader implements LogSource {
  readonly source: string;
  readonly #path: string;
  #offset = 0;
  #rest = '';
  readonly #decoder = new StringDecoder('utf8');

  constructor(source: string, path: string) {
    this.source = source;
    this.#path = path;
  }

  /** The last `count` lines; later reads go on from there. Reads at most 256 KiB. */
  async tail(count: number): Promise<LogLine[]> {
    const file = await open(this.#path, 'r');
    try {
      const { size } = await file.stat();
      this.#offset = Math.max(0, size - CHUNK_BYTES);
    } finally {
      await file.close();
    }
    const lines = await this.read();
    return lines.slice(Math.max(0, lines.length - count));
  }

  /** Whole lines that came since the last read. */
  async read(): Promise<LogLine[]> {
    const file = await open(this.#path, 'r');
    try {
      const { size } = await file.stat();
      if (size < this.#offset) this.#offset = 0;
      const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, size - this.#offset));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
      this.#offset += bytesRead;
      const lines = (this.#rest + this.#decoder.write(buffer.subarray(0, bytesRead))).split('\n');
      this.#rest = lines.pop() ?? '';
      return lines.map((line) => ({ source: this.source, line }));
    } finally {
      await file.close();
    }
  }
}
