import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { breakLock } from '../../../src/services/stack/lock.ts';
import { inspectLock } from '../../../src/services/stack/lock-holder.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import { openStack, type StackDeps } from '../../../src/services/stack/session.ts';
import { FakeWorld } from './fake-resource.ts';

/** Done once, right after a folder was made or found. */
let afterFolder: (path: string) => Promise<void> = async () => {};
vi.mock('../../../src/services/files/make-folder.ts', async (importOriginal) => {
  const original: { makeFolder(path: string, mode?: number): Promise<void> } = await importOriginal();
  return {
    async makeFolder(path: string, mode?: number) {
      await original.makeFolder(path, mode);
      const work = afterFolder;
      afterFolder = async () => {};
      await work(path);
    },
  };
});

let home: string;
let paths: StackPaths;
let deps: StackDeps;
beforeEach(async () => {
  home = await mkdtemp(`${tmpdir()}/chainctl-folder-`);
  paths = stackPaths(home, 'demo');
  const { context, abort } = new FakeWorld();
  deps = {
    ...{ clock: context.clock, emit: () => {}, signal: abort.signal, newToken: () => 'token' },
    self: { host: 'here', user: 'ann', pid: 1, startedAt: 'then', command: 'chainctl deploy fake' },
    isAlive: async () => true,
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('the folder of a new stack', () => {
  it('that a dry run beside takes along is made again by the command that has just found it', async () => {
    afterFolder = (path) => rmdir(path);
    await expect(openStack(paths, deps, async () => 'done')).resolves.toBe('done');
  });

  it('goes also with a dry run that found it made by another one', async () => {
    await mkdir(paths.folder, { recursive: true });
    await openStack(paths, deps, async () => {});
    expect(await readdir(`${home}/stacks`)).toEqual([]);
  });

  it('stays with the log of the command that took the lock of a dry run away', async () => {
    await openStack(paths, deps, async () => {
      const view = await inspectLock(paths.lock, deps);
      if (view !== undefined) await breakLock(paths.lock, view, true, deps);
      await appendFile(paths.audit, 'of the other\n');
    });
    expect(await readFile(paths.audit, 'utf8')).toBe('of the other\n');
  });
});
