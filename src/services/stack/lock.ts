import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ExitCode, hasCode, RemedyError, reasonOf } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';

const holderSchema = z.object({
  host: z.string(),
  user: z.string(),
  pid: z.number(),
  startedAt: z.string(),
  command: z.string(),
  since: z.string(),
});

/** Who holds a stack, since when and for what. */
export type LockHolder = z.infer<typeof holderSchema>;

export interface LockDeps {
  readonly self: LockHolder;
  /** Whether this process of this machine still runs: same pid and same start. */
  isAlive(holder: Pick<LockHolder, 'pid' | 'startedAt'>): Promise<boolean>;
  /** Told when the lock of a dead process was taken over. */
  onTakeover(previous: LockHolder | undefined): void;
}

/**
 * Takes the lock of a stack for one command. A lock whose process on this machine is dead is taken over; one of another
 * machine cannot be judged from here and is respected.
 *
 * @returns a function that gives the lock back
 * @throws RemedyError (exit 6) that says who holds it, since when and for what
 */
export async function acquireLock(path: string, deps: LockDeps): Promise<() => Promise<void>> {
  await prepareFolder(path);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await tryCreate(path, deps.self)) return () => release(path, deps.self);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (holder !== undefined && (holder.host !== deps.self.host || (await deps.isAlive(holder)))) {
      throw locked(path, holder, deps.self);
    }
    if (await setAside(path, text)) deps.onTakeover(holder);
  }
  throw new RemedyError(`the lock ${path} changes hands faster than it can be taken`, {
    code: 'locked',
    exit: ExitCode.locked,
    nextSteps: ['run the command again in a moment'],
  });
}

async function prepareFolder(path: string): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
  } catch (error) {
    throw new RemedyError(`cannot make the stack's folder ${dirname(path)}: ${reasonOf(error)}`, {
      code: 'state-unwritable',
      exit: ExitCode.configuration,
      cause: error,
      nextSteps: ['make it writable, or point CHAINCTL_HOME to another folder'],
    });
  }
}

/** The lock appears with its content in one step: written beside, then linked, which fails if there is one. */
async function tryCreate(path: string, self: LockHolder): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(self));
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** Moves a dead lock away; if another command was faster and the moved one is not the dead one, it is put back. */
async function setAside(path: string, dead: string): Promise<boolean> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  const ours = (await readFile(aside, 'utf8')) === dead;
  if (!ours) await link(aside, path).catch(() => {});
  await unlink(aside);
  return ours;
}

async function release(path: string, self: LockHolder): Promise<void> {
  const holder = parseHolder(await readFile(path, 'utf8').catch(() => ''));
  if (holder?.pid === self.pid && holder.startedAt === self.startedAt && holder.host === self.host) {
    await unlink(path).catch(() => {});
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function locked(path: string, holder: LockHolder, self: LockHolder): RemedyError {
  const elsewhere = holder.host === self.host ? '' : ` on ${holder.host}`;
  const message = `the stack is locked by ${holder.user}, pid ${holder.pid}${elsewhere}, since ${holder.since}, for "${holder.command}"`;
  return new RemedyError(message, {
    code: 'locked',
    exit: ExitCode.locked,
    nextSteps:
      elsewhere === ''
        ? ['wait until that command has ended', `or end it: kill ${holder.pid}`]
        : [`wait, or see on ${holder.host} whether it still runs`, `if it does not: rm ${path}`],
  });
}
