import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimRun } from '../../../src/services/load/record/claims.ts';

let folder: string;
let alive: number[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-run-'));
  alive = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const as = (pid: number, host = 'here') => ({
  self: { host, pid, startedAt: `${pid}`, command: `chainctl load # ${pid}` },
  isAlive: async (other: { pid: number; startedAt: string }) =>
    alive.includes(other.pid) && other.startedAt === `${other.pid}`,
});

it('a run has one writer: the second one is refused and told who the first is', async () => {
  alive = [1];
  const done = await claimRun(folder, as(1));
  await expect(claimRun(folder, as(2))).rejects.toMatchObject({
    ...{ code: 'run-in-progress', exit: 6 },
    message: `the run ${folder} is still being written (pid 1: chainctl load # 1)`,
    nextSteps: ['wait until it ends', 'or stop it, which keeps what it measured: kill -INT 1'],
  });
  await done();
  expect(await readdir(folder)).toEqual([]);
  await claimRun(folder, as(2));
});

it('of many that come at the same time, one has it', async () => {
  alive = [1, 2, 3, 4, 5];
  const tried = await Promise.allSettled(alive.map((pid) => claimRun(folder, as(pid))));
  expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('what a dead process or half a write left does not bar the run; what another machine left does', async () => {
  await claimRun(folder, as(1));
  await claimRun(folder, as(2));
  await writeFile(join(folder, 'writer.json'), '{"host":');
  await claimRun(folder, as(3, 'elsewhere'));
  await expect(claimRun(folder, as(4))).rejects.toMatchObject({
    message: expect.stringContaining('(pid 3 on elsewhere: '),
    nextSteps: [`if pid 3 does not run on elsewhere any more: rm ${join(folder, 'writer.json')}`],
  });
});

it('a folder that cannot be written is told as such', async () => {
  await expect(claimRun('/dev/null/run', as(1))).rejects.toMatchObject({ code: 'results-unwritable', exit: 3 });
});
