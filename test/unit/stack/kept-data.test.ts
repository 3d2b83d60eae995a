import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { keptData } from '../../../src/services/stack/kept-data.ts';

let logs: string;
let told: Event[];
beforeEach(async () => {
  logs = await mkdtemp(join(tmpdir(), 'chainctl-kept-'));
  told = [];
  for (const name of ['a.log', 'history.db', 'history.db-wal']) await writeFile(join(logs, name), 'x');
  await mkdir(join(logs, 'index'));
});
afterEach(() => rm(logs, { recursive: true, force: true }));
const options = { remove: false, inUse: false, emit: (event: Event) => told.push(event) };

it('names what is left beside the logs', async () => {
  expect(await keptData(logs, options)).toEqual([
    { what: 'conversations', path: join(logs, 'history.db') },
    { what: 'vectors', path: join(logs, 'index') },
  ]);
  expect(await keptData(join(logs, 'none'), options)).toEqual([]);
});

it('removes it and nothing else, where that is asked for', async () => {
  expect(await keptData(logs, { ...options, remove: true })).toEqual([]);
  expect(await readdir(logs)).toEqual(['a.log']);
  expect(told).toHaveLength(2);
});

it('removes nothing that is in use, and says so', async () => {
  expect(await keptData(logs, { ...options, remove: true, inUse: true })).toEqual([]);
  expect(await readdir(logs)).toHaveLength(4);
  expect(told).toMatchObject([{ type: 'note', level: 'warn' }]);
});
