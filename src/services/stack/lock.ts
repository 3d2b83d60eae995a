import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, rename, unlink, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hasCode, type RemedyError, remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { createDurably } from '../files/write-durably.ts';
import { writeFault } from '../files/write-fault.ts';
import { inspectLock, type LockHolder, type LockJudge, type LockView } from './lock-holder.ts';

/** How often the holder touches its lock, milliseconds. */
const HEARTBEAT_MS = 5000;
/** How often a lock is tried that changes hands, and the pause while somebody else takes it away, milliseconds. */
const ATTEMPTS = 100;
const AGAIN_MS = 20;

export interface LockDeps extends LockJudge {
  /** This process, as the lock names it; `since` is filled in. */
  readonly self: Omit<LockHolder, 'since'>;
}

/**
 * Takes the lock of a stack for one command. A lock whose process on this machine is dead is taken over; one of another
 * machine is respected, and the message tells whether its heart still beats.
 *
 * @param onTakeover told when the lock of a dead process was taken over
 * @throws RemedyError (exit 6) that says who holds it, since when and for what
 */
export async function acquireLock(
  path: string,
  stack: string,
  deps: LockDeps,
  onTakeover: (previous: LockHolder | undefined) => void = () => {},
): Promise<ReturnType<typeof held>> {
  const own = ownText(deps);
  const unwritable = (error: unknown) => {
    const { why, next } = writeFault(path, error);
    const message = `cannot write to the stack's folder ${dirname(path)}: ${why}`;
    const nextStep = 'free space or make the folder writable, or point CHAINCTL_HOME to another folder';
    throw remedy.configuration('state-unwritable', message, [...next, nextStep], error);
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    await makeFolder(dirname(path), 0o700).catch(unwritable);
    const made = await createDurably(path, own).catch((error: unknown) => {
      // A command that left nothing behind (a dry run) took the folder along.
      if (!hasCode(error, 'ENOENT')) unwritable(error);
    });
    if (made) return held(path, own, stack, deps);
    const view = await inspectLock(path, deps);
    if (view === undefined) continue;
    if (view.verdict !== 'dead' && view.verdict !== 'damaged') throw locked(view, stack);
    if (await takeAway(path, view.text, deps)) onTakeover(view.holder);
  }
  throw remedy.locked('locked', `the lock ${path} changes hands faster than it can be taken`, [
    'run the command again in a moment',
  ]);
}

/** The lock while this command has it. Its heart beats, for other machines to see, until it is released. */
function held(path: string, own: string, stack: string, { clock }: LockDeps) {
  const lost = new AbortController();
  const isOurs = async () => {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return '';
      throw error;
    });
    return text === own;
  };
  /** To be called before every write: throws (exit 6), and aborts `lost`, once somebody has taken it away. */
  const check = async () => {
    if (!(await isOurs())) lost.abort(lockLost(stack));
    lost.signal.throwIfAborted();
  };
  const beat = async () => {
    await check();
    const now = new Date(clock.now());
    await utimes(path, now, now);
  };
  const timer = setInterval(() => beat().catch(() => {}), HEARTBEAT_MS).unref();
  const release = async () => {
    clearInterval(timer);
    if (await isOurs().catch(() => false)) await unlink(path).catch(() => {});
  };
  return { lost: lost.signal, check, beat, release };
}

/**
 * Moves a lock away. One at a time may: who has seen the lock of a dead process would else move away the one that has
 * replaced it meanwhile, and a third take the free place. Says whether the lock is gone.
 *
 * The right to it is a file that names this lock and its own process. One whose process was killed stays, and the next
 * number is tried: nothing is removed on the ground of what it was a moment ago. All are removed by the one who has
 * moved the lock away, whose content never comes again.
 */
async function takeAway(path: string, content: string, deps: LockDeps): Promise<boolean> {
  const claims: string[] = [];
  for (;;) {
    const claim = claimOf(path, content, claims.length);
    claims.push(claim);
    const made = await createDurably(claim, ownText(deps)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
    if (made === undefined) return false;
    if (made) break;
    const view = await inspectLock(claim, deps);
    if (view === undefined || view.verdict === 'alive' || view.verdict === 'beating') {
      await pause(AGAIN_MS);
      return false;
    }
  }
  const gone = await moveAway(path, content);
  for (const claim of claims) await unlink(claim).catch(() => {});
  return gone;
}

/** In the form of a draft's name: what a killed process leaves is removed with its drafts. */
function claimOf(path: string, content: string, number: number): string {
  const digest = createHash('sha256').update(`${number} ${content}`).digest('hex');
  return `${path}.${digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')}`;
}

function ownText({ self, clock }: LockDeps): string {
  return JSON.stringify({ ...self, since: new Date(clock.now()).toISOString() });
}

/** Puts it back where its content is not this: its holder has released it, and another command was faster. */
async function moveAway(path: string, content: string): Promise<boolean> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) !== content) return false;
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

/**
 * Releases a lock that its holder will not release.
 *
 * @param view what the operator was shown: no lock that came after it is taken
 * @param force also when the holder lives; its command stops at its next write
 * @throws RemedyError (exit 6) when the holder lives, or the lock has changed hands since
 */
export async function breakLock(
  path: string,
  { text, holder, who, verdict }: LockView,
  force: boolean,
  deps: LockDeps,
): Promise<void> {
  if (!force && (verdict === 'alive' || verdict === 'beating')) {
    throw remedy.locked('lock-alive', `a running command holds the lock: ${who}`, [
      'wait until that command has ended',
      `or end it${verdict === 'alive' ? '' : ` on ${holder?.host}`}: kill ${holder?.pid}`,
      'or take the lock with --force: that command then stops at its next write',
    ]);
  }
  if (await takeAway(path, text, deps)) return;
  throw remedy.locked('locked', 'the lock has got another holder in the meantime, and was left as it is', [
    'run the command again to see who holds it now',
  ]);
}

function locked({ holder, who, verdict, quiet }: LockView, stack: string): RemedyError {
  const { host, pid } = holder as LockHolder;
  const nextSteps = {
    alive: ['wait until that command has ended', `or end it: kill ${pid}`],
    beating: [`wait: it is at work on ${host}`],
    silent: [`see on ${host} whether it still runs`, `if it does not: chainctl unlock --stack ${stack}`],
  };
  const silence = verdict === 'silent' ? `; it has not been heard of for ${quiet}` : '';
  return remedy.locked(
    'locked',
    `the stack is locked by ${who}${silence}`,
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
