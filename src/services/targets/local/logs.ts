import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { hasCode } from '../../../errors.ts';
import type { LogKind, LogSelection, LogSource } from '../../stack/log-source.ts';
import { replicaOf } from './replicas.ts';

const CHUNK_BYTES = 256 * 1024;

/** The logs of a service; of one with replicas those of all, undefined is everything. Of processes, or of requests. */
export async function findLogs(folder: string, selection: LogSelection, kind: LogKind): Promise<LogSource[]> {
  const suffix = kind === 'requests' ? '.requests.jsonl' : '.log';
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const sources = names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
  return sources
    .filter((source) => selection === undefined || source === selection || replicaOf(source) === selection)
    .sort()
    .map((source) => logOf(source, join(folder, `${source}${suffix}`)));
}

/** Reads a log from its end or, when following, from where it was left. A file that shrank is read from its start. */
function logOf(source: string, path: string): LogSource {
  const decoder = new StringDecoder('utf8');
  let offset = 0;
  let rest = '';
  const read = async () => {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size < offset) offset = 0;
      const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, size - offset));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      offset += bytesRead;
      const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n');
      rest = lines.pop() ?? '';
      return lines.map((line) => ({ source, line }));
    } finally {
      await file.close();
    }
  };
  return {
    source,
    read,
    /** Reads at most 256 KiB. */
    async tail(count) {
      offset = Math.max(0, (await stat(path)).size - CHUNK_BYTES);
      const lines = await read();
      return lines.slice(Math.max(0, lines.length - count));
    },
  };
}
