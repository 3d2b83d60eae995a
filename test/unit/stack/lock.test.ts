import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import { acquireLock, type LockHolder } from '../../../src/services/stack/lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const holder = (pid: number, host = 'here'): LockHolder => ({
  host,
  user: 'ann',
  pid,
  startedAt: `start-${pid}`,
  command: 'chainctl deploy local',
  since: '2026-01-01T00:00:00.000Z',
});
const take = (self: LockHolder, alive: readonly number[], takeovers: unknown[] = []) =>
  acquireLock(path, {
    self,
    isAlive: async ({ pid }) => alive.includes(pid),
    onTakeover: (previous) => takeovers.push(previous),
  });

describe('the lock of a stack', () => {
  it('tells the second command who holds it, since when and for what', async () => {
    const release = await take(holder(1), [1]);
    await expect(take(holder(2), [1, 2])).rejects.toMatchObject({
      exit: ExitCode.locked,
      message: 'the stack is locked by ann, pid 1, since 2026-01-01T00:00:00.000Z, for "chainctl deploy local"',
    });
    await release();
    await (await take(holder(2), [2]))();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over from a dead process, and says so', async () => {
    await take(holder(1), [1]);
    const takeovers: unknown[] = [];
    await take(holder(2), [2], takeovers);
    expect(takeovers).toEqual([holder(1)]);
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(2);
  });

  it('takes over a lock file that is damaged', async () => {
    await writeFile(path, '{"pid": ');
    await take(holder(2), [2]);
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(2);
  });

  it('never judges a process of another machine', async () => {
    await take(holder(1, 'elsewhere'), [1]);
    await expect(take(holder(2), [])).rejects.toMatchObject({ message: expect.stringContaining('on elsewhere') });
  });

  it('lets exactly one of many win over a dead lock', async () => {
    await take(holder(99), [99]);
    const contenders = Array.from({ length: 12 }, (_, index) => index + 1);
    const outcomes = await Promise.allSettled(contenders.map((pid) => take(holder(pid), contenders)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
