import { readFile, readlink } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** `sl local remote st tx:rx tr:when retrnsmt uid timeout inode` */
const ROW = /^ *\d+: \S+ \S+ \S\S ([\dA-F]{8}):\S+ \S+ \S+ +\d+ +\d+ +(\d+)/gm;
/** All who ask within this time get one table: it costs as much as there are connections. */
const SHARED_MS = 1000;

let table: Promise<ReadonlyMap<string, number> | undefined> | undefined;

/**
 * Bytes that the kernel holds for the other side of a connection, sent or not, until they are acknowledged.
 * @returns undefined where nobody tells: without Linux's /proc
 */
export async function kernelQueue(socket: Socket): Promise<number | undefined> {
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd;
  if (fd === undefined || fd < 0) return undefined;
  try {
    const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/self/fd/${fd}`)) ?? [];
    if (table === undefined) {
      table = readTable();
      setTimeout(() => {
        table = undefined;
      }, SHARED_MS).unref();
    }
    const queues = await table;
    return inode === '' ? undefined : queues && (queues.get(inode) ?? 0);
  } catch {
    return undefined;
  }
}

async function readTable(): Promise<ReadonlyMap<string, number> | undefined> {
  const texts = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/self/net/${name}`, 'latin1').catch(() => '')),
  );
  return texts.every((text) => text === '') ? undefined : parseQueues(texts.join('\n'));
}

/** Rows of `/proc/net/tcp` as bytes to be sent by inode; without those that have none. */
export function parseQueues(text: string): ReadonlyMap<string, number> {
  const queues = new Map<string, number>();
  for (const [, bytes = '', inode = ''] of text.matchAll(ROW)) {
    if (bytes !== '00000000') queues.set(inode, Number.parseInt(bytes, 16));
  }
  return queues;
}
