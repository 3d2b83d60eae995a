import { mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import { acquireLock, breakLock } from '../../../src/services/stack/lock.ts';
import { inspectLock, type LockHolder, type LockJudge } from '../../../src/services/stack/lock-holder.ts';

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  return { ...fs, rename: vi.fn(fs.rename) };
});

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const NOW = Date.now();
const SINCE = new Date(NOW).toISOString();
const holder = (pid: number, host = 'here'): LockHolder => ({
  host,
  user: 'ann',
  pid,
  startedAt: `start-${pid}`,
  command: 'chainctl deploy local',
  since: SINCE,
});
const take = (self: LockHolder, alive: readonly number[], takeovers: unknown[] = []) =>
  acquireLock(path, 'demo', { ...judge(alive), self }, (previous) => takeovers.push(previous));

const judge = (alive: readonly number[]): LockJudge => ({
  self: { host: 'here' },
  clock: { now: () => NOW },
  isAlive: async ({ pid }) => alive.includes(pid),
});
async function age(file: string, seconds: number) {
  const then = new Date(NOW - seconds * 1000);
  await utimes(file, then, then);
}

describe('the lock of a stack', () => {
  it('tells the second command who holds it, since when and for what', async () => {
    const lock = await take(holder(1), [1]);
    await expect(take(holder(2), [1, 2])).rejects.toMatchObject({
      exit: ExitCode.locked,
      message: `the stack is locked by ann, pid 1, since ${SINCE}, for "chainctl deploy local"`,
    });
    await lock.release();
    await (await take(holder(2), [2])).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over from a dead process, and says so', async () => {
    await take(holder(1), [1]);
    const takeovers: unknown[] = [];
    await take(holder(2), [2], takeovers);
    expect(takeovers).toEqual([holder(1)]);
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(2);
  });

  it('makes the folder again that another command took away in between', async () => {
    await take(holder(1), [1]);
    const isAlive = async () => {
      await rm(folder, { recursive: true });
      return false;
    };
    await acquireLock(path, 'demo', { ...judge([2]), isAlive, self: holder(2) });
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(2);
  });

  it('takes over a lock file that is damaged', async () => {
    await writeFile(path, '{"pid": ');
    await take(holder(2), [2]);
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(2);
  });

  it('says what to do where it cannot be written', async () => {
    await writeFile(path, '');
    path = join(path, 'lock');
    await expect(take(holder(1), [])).rejects.toMatchObject({
      code: 'state-unwritable',
      exit: ExitCode.configuration,
      message: expect.stringMatching(/^cannot write to the stack's folder .*: ENOTDIR/),
    });
  });

  it('never judges a process of another machine', async () => {
    await take(holder(1, 'elsewhere'), [1]);
    await expect(take(holder(2), [])).rejects.toMatchObject({
      message: expect.stringContaining('on elsewhere'),
      nextSteps: ['wait: it is at work on elsewhere'],
    });
  });

  it('says of a lock of another machine that its heart has stopped, and how to give it up', async () => {
    await take(holder(1, 'elsewhere'), [1]);
    await age(path, 600);
    await expect(take(holder(2), [])).rejects.toMatchObject({
      message: expect.stringContaining('it has not been heard of for 10 min'),
      nextSteps: expect.arrayContaining([expect.stringContaining('chainctl unlock --stack demo')]),
    });
  });

  it('is kept fresh by its holder', async () => {
    const lock = await take(holder(1, 'elsewhere'), [1]);
    await age(path, 600);
    await lock.beat();
    expect((await inspectLock(path, judge([])))?.verdict).toBe('beating');
  });

  it('lets exactly one of many win over a dead lock', async () => {
    const contenders = Array.from({ length: 12 }, (_, index) => index + 1);
    for (let round = 0; round < 10; round++) {
      await take(holder(99), [99]);
      const outcomes = await Promise.allSettled(contenders.map((pid) => take(holder(pid), contenders)));
      const won = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(won).toHaveLength(1);
      await won[0]?.check();
      await won[0]?.release();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over at once where others were killed while they did so', async () => {
    await take(holder(99), [99]);
    const content = await readFile(path, 'utf8');
    // The first two die between the claim and the lock: what they would do next never happens.
    for (const pid of [1, 2]) {
      const killed = {
        ...judge([pid]),
        self: holder(pid),
        isAlive: async (other: { pid: number }) => other.pid === pid,
      };
      vi.mocked(rename).mockRejectedValueOnce(new Error('killed'));
      await expect(acquireLock(path, 'demo', killed)).rejects.toThrow('killed');
    }
    expect(await readFile(path, 'utf8')).toBe(content);
    expect(await readdir(folder)).toHaveLength(3);
    const takeovers: unknown[] = [];
    await (await take(holder(3), [3], takeovers)).release();
    expect(takeovers).toEqual([holder(99)]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('waits for another command that takes it away', async () => {
    await take(holder(99), [99]);
    vi.mocked(rename).mockRejectedValueOnce(new Error('killed'));
    await expect(take(holder(1), [1])).rejects.toThrow('killed');
    const asked: number[] = [];
    const seen = async ({ pid }: { pid: number }) => {
      asked.push(pid);
      // Its process lives when it is first asked for, and has ended when it is asked for again.
      return pid === 1 && asked.filter((each) => each === 1).length === 1;
    };
    await acquireLock(path, 'demo', { ...judge([]), self: holder(2), isAlive: seen });
    expect(asked).toEqual([99, 1, 99, 1]);
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(2);
  });
});

describe('unlock', () => {
  const unlock = async (alive: readonly number[], force = false) => {
    const view = await inspectLock(path, judge(alive));
    if (view === undefined) throw new Error('no lock');
    await breakLock(path, view, force, { ...judge(alive), self: holder(50) });
  };

  it('refuses while the holder is alive on this machine, and leaves the lock', async () => {
    const lock = await take(holder(1), [1]);
    await expect(unlock([1])).rejects.toMatchObject({
      ...{ code: 'lock-alive', exit: ExitCode.locked },
      nextSteps: expect.arrayContaining(['or end it: kill 1']),
    });
    await lock.check();
  });

  it('gives up the lock of a dead process, of a silent machine, and a damaged one', async () => {
    await take(holder(1), [1]);
    await unlock([]);
    await take(holder(1, 'elsewhere'), []);
    await expect(unlock([])).rejects.toMatchObject({ code: 'lock-alive' });
    await age(path, 61);
    await unlock([]);
    await writeFile(path, '{');
    await unlock([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('with force takes it from a live holder, who notices before its next write and does not take it back', async () => {
    const first = await take(holder(1), [1]);
    await unlock([1], true);
    await expect(first.check()).rejects.toMatchObject({ code: 'lock-lost', exit: ExitCode.locked });
    const second = await take(holder(2), [1, 2]);
    await expect(first.beat()).rejects.toMatchObject({ code: 'lock-lost' });
    await first.release();
    await second.check();
  });

  it('takes only the lock that was shown', async () => {
    const first = await take(holder(1), [1]);
    const view = await inspectLock(path, judge([]));
    await first.release();
    const second = await take(holder(2), [2]);
    await expect(breakLock(path, view as never, true, { ...judge([]), self: holder(50) })).rejects.toMatchObject({
      code: 'locked',
    });
    await second.check();
  });
});
