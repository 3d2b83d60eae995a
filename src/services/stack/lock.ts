import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, unlink, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode, type RemedyError, reasonOf, remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import {
  describeHolder,
  describeQuiet,
  inspectLock,
  type LockHolder,
  type LockJudge,
  type LockView,
} from './lock-holder.ts';

export interface LockDeps extends Pick<LockJudge, 'now' | 'isAlive'> {
  readonly self: LockHolder;
  /** For messages: the stack's name. */
  readonly stack: string;
  /** Told when the lock of a dead process was taken over. */
  onTakeover(previous: LockHolder | undefined): void;
}

/** The lock while this command has it. */
export interface HeldLock {
  /**
   * Makes sure that it is still ours; to be called before every write.
   *
   * @throws RemedyError (exit 6) when somebody has taken it away
   */
  check(): Promise<void>;
  /** Shows other machines that the holder lives. Throws as `check` does. */
  beat(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the lock of a stack for one command. A lock whose process on this machine is dead is taken over; one of another
 * machine is respected, and the message tells whether its heart still beats.
 *
 * @throws RemedyError (exit 6) that says who holds it, since when and for what
 */
export async function acquireLock(path: string, deps: LockDeps): Promise<HeldLock> {
  await prepareFolder(path);
  const own = JSON.stringify(deps.self);
  const judge: LockJudge = { host: deps.self.host, now: deps.now, isAlive: deps.isAlive };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await tryCreate(path, own)) return held(path, own, deps);
    const view = await inspectLock(path, judge);
    if (view === undefined) continue;
    if (view.verdict !== 'dead' && view.verdict !== 'damaged') throw locked(view, deps);
    if (await takeAway(path, view.text)) deps.onTakeover(view.holder);
  }
  throw remedy.locked('locked', `the lock ${path} changes hands faster than it can be taken`, [
    'run the command again in a moment',
  ]);
}

function held(path: string, own: string, deps: LockDeps): HeldLock {
  const check = async () => {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return '';
      throw error;
    });
    if (text !== own) throw lockLost(deps.stack);
  };
  return {
    check,
    async beat() {
      await check();
      const now = new Date(deps.now());
      await utimes(path, now, now);
    },
    async release() {
      const text = await readFile(path, 'utf8').catch(() => '');
      if (text === own) await unlink(path).catch(() => {});
    },
  };
}

async function prepareFolder(path: string): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
  } catch (error) {
    throw remedy.configuration(
      'state-unwritable',
      `cannot make the stack's folder ${dirname(path)}: ${reasonOf(error)}`,
      ['make it writable, or point CHAINCTL_HOME to another folder'],
      error,
    );
  }
}

/** The lock appears with its content in one step: written beside, then linked, which fails if there is one. */
async function tryCreate(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(content);
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

/**
 * Moves a lock with this content away; if another command was faster and the moved one is not the one that was judged,
 * it is put back.
 *
 * @returns whether it was that one
 */
export async function takeAway(path: string, content: string): Promise<boolean> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  const judged = (await readFile(aside, 'utf8')) === content;
  if (!judged) await link(aside, path).catch(() => {});
  await unlink(aside);
  return judged;
}

function locked({ holder, verdict, quietSeconds }: LockView, { self, stack }: LockDeps): RemedyError {
  const { host, pid } = holder as LockHolder;
  const quiet = verdict === 'silent' ? `; it has not been heard of for ${describeQuiet(quietSeconds)}` : '';
  const unlock = `chainctl unlock --stack ${stack}`;
  const nextSteps = {
    alive: ['wait until that command has ended', `or end it: kill ${pid}`],
    beating: [`wait: it is at work on ${host}`],
    silent: [`see on ${host} whether it still runs`, `if it does not: ${unlock}`],
  };
  return remedy.locked(
    'locked',
    `the stack is locked by ${describeHolder(holder as LockHolder, self.host)}${quiet}`,
    nextSteps[verdict as keyof typeof nextSteps],
  );
}

function lockLost(stack: string): RemedyError {
  return remedy.locked(
    'lock-lost',
    `the lock of stack ${stack} was taken away while this command was running; it stopped there`,
    [`see what is there with "chainctl status --stack ${stack}"`, 'then run the command again'],
  );
}
