import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ClaimDeps, claimTag } from '../../../src/services/load/record/claims.ts';

let folder: string;
let warnings: string[];
let alive: number[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-claim-'));
  warnings = [];
  alive = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const as = (pid: number, change: Partial<ClaimDeps> = {}): ClaimDeps => ({
  folder: join(folder, 'loads'),
  self: { host: 'here', pid, startedAt: `${pid}`, command: `chainctl load --tag a # ${pid}` },
  isAlive: async (other) => alive.includes(other.pid) && other.startedAt === `${other.pid}`,
  emit: (event) => event.type === 'note' && warnings.push(event.text),
  ...change,
});

it('warns of a load with the same tag and folder that still runs, and of no other', async () => {
  alive = [1];
  const first = await claimTag({ outFolder: '/r', tag: 'a' }, as(1));
  await claimTag({ outFolder: '/r', tag: 'b' }, as(2));
  await claimTag({ outFolder: '/r2', tag: 'a' }, as(3));
  expect(warnings).toEqual([]);
  await claimTag({ outFolder: '/r', tag: 'a' }, as(4));
  expect(warnings).toEqual([
    expect.stringMatching(/^another load with tag a is writing to \/r \(pid 1: chainctl load --tag a # 1\)/),
  ]);
  await first();
  await claimTag({ outFolder: '/r', tag: 'a' }, as(5));
  expect(warnings).toHaveLength(1);
});

it('clears the claim of a process that is dead, and what cannot be read', async () => {
  await claimTag({ outFolder: '/r', tag: 'a' }, as(1));
  const [name = ''] = await readdir(join(folder, 'loads'));
  await writeFile(join(folder, 'loads', name.replace('.1.', '.7.')), 'half');
  const done = await claimTag({ outFolder: '/r', tag: 'a' }, as(2));
  expect(warnings).toEqual([]);
  expect(await readdir(join(folder, 'loads'))).toEqual([name.replace('.1.', '.2.')]);
  await done();
  expect(await readdir(join(folder, 'loads'))).toEqual([]);
});

it('keeps no load from running where it cannot be written', async () => {
  const done = await claimTag({ outFolder: '/r', tag: 'a' }, as(1, { folder: '/dev/null/loads' }));
  await done();
  expect(warnings).toEqual([]);
});
