import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Label of everything that the lab makes in Docker; removal goes by it and by nothing else. */
export const LABEL = 'chainctl-lab';

/**
 * Where images, the lab's Docker and running labs live. Kept between runs, so that a warm start builds nothing.
 * `CHAINCTL_LAB_CACHE` names another folder.
 */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = process.env.CHAINCTL_LAB_CACHE || join(base, 'chainctl-lab');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** A short hash over texts and files (folders with all their files), for names of built things. */
export function contentHash(parts: readonly (string | URL)[]): string {
  const hash = createHash('sha256');
  const addFile = (path: string) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) addFile(join(path, name));
    else hash.update(readFileSync(path)).update('\0');
  };
  for (const part of parts) {
    if (typeof part === 'string') hash.update(part).update('\0');
    else addFile(part.pathname);
  }
  return hash.digest('hex').slice(0, 12);
}

/** Whether this very process still runs; a number that another process has taken over counts as gone. */
export async function isAlive(pid: number, startedAt: string): Promise<boolean> {
  return (await startTimeOf(pid)) === startedAt;
}

/** The kernel's start time of a process in clock ticks since boot, `''` when there is no such process. */
export async function startTimeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const LOCK_DEADLINE_MS = 300_000;

/** Runs `work` while no other lab process on this machine holds the lock of that name. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const path = join(cacheFolder(), `${name}.lock`);
  const deadline = Date.now() + LOCK_DEADLINE_MS;
  for (;;) {
    const file = await open(path, 'wx').catch(() => undefined);
    if (file) {
      await file.writeFile(`${process.pid} ${await startTimeOf(process.pid)}`);
      await file.close();
      break;
    }
    const holder = await readFile(path, 'utf8').catch(() => '');
    const [pid, startedAt] = holder.split(' ');
    if (startedAt && !(await isAlive(Number(pid), startedAt))) await rm(path, { force: true });
    else if (Date.now() > deadline) throw new Error(`the lab's lock ${path} is held by process ${pid}`);
    else await sleep(100);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}
