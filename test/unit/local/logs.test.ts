import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogSource } from '../../../src/services/stack/log-source.ts';
import { findLogs } from '../../../src/services/targets/local/logs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-logs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lines = async (read: Promise<readonly { line: string }[]>) => (await read).map(({ line }) => line);

/** The log of A's process in the folder. */
const logOfA = async () => (await findLogs(folder, 'a', 'process'))[0] as LogSource;

describe('a log', () => {
  it('gives the last lines, then what comes, whole lines only and no broken characters', async () => {
    const path = join(folder, 'a.log');
    await writeFile(path, 'one\ntwo\nthree\n');
    const reader = await logOfA();
    expect(await lines(reader.tail(2))).toEqual(['two', 'three']);
    const bytes = Buffer.from('grün\n');
    await appendFile(path, bytes.subarray(0, 3));
    expect(await lines(reader.read())).toEqual([]);
    await appendFile(path, bytes.subarray(3));
    expect(await lines(reader.read())).toEqual(['grün']);
  });

  it('starts over when the file was emptied', async () => {
    const path = join(folder, 'a.log');
    await writeFile(path, 'a long first line\n');
    const reader = await logOfA();
    await reader.tail(1);
    await writeFile(path, 'new\n');
    expect(await lines(reader.read())).toEqual(['new']);
  });
});

describe('findLogs', () => {
  it('takes b for all replicas and nothing for everything', async () => {
    for (const name of ['a.log', 'b-1.log', 'b-2.log', 'proxy.log', 'b-1.requests.jsonl'])
      await writeFile(join(folder, name), '');
    const sources = async (...args: [Parameters<typeof findLogs>[1], Parameters<typeof findLogs>[2]]) =>
      (await findLogs(folder, ...args)).map(({ source }) => source);
    expect(await sources('b', 'process')).toEqual(['b-1', 'b-2']);
    expect(await sources(undefined, 'process')).toEqual(['a', 'b-1', 'b-2', 'proxy']);
    expect(await sources(undefined, 'requests')).toEqual(['b-1']);
    expect(await findLogs(join(folder, 'none'), undefined, 'process')).toEqual([]);
  });
});
