import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { removeAbandonedDrafts } from '../files/drafts.ts';
import { auditing } from './audit.ts';
import { Journal } from './journal.ts';
import { acquireLock, type HeldLock } from './lock.ts';
import { HEARTBEAT_MS, type LockHolder } from './lock-holder.ts';
import type { StackPaths } from './paths.ts';
import { secretsFolder } from './secrets.ts';
import type { StepDeps } from './steps.ts';
import { StateStore } from './store.ts';

/** Everything from outside that a change of a stack needs. */
export interface StackDeps {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** This process, as the lock names it; `since` is filled in. */
  readonly self: Omit<LockHolder, 'since'>;
  isAlive(holder: Pick<LockHolder, 'pid' | 'startedAt'>): Promise<boolean>;
  newToken(): string;
}

/** A stack that is open for changes: locked, with one store for all its targets. */
export interface OpenStack {
  /** What changing one target takes. Several targets may be changed at the same time. */
  steps(target: string): StepDeps;
  /** The names of all targets that are recorded now. */
  recordedTargets(): readonly string[];
}

/**
 * Runs work that changes a stack: under the stack's lock, with its state open and its audit log kept. When the lock is
 * taken away meanwhile, nothing is written any more and nothing new begins.
 *
 * @throws RemedyError with exit 6 when another command holds the stack or took it away, 3 when the state is damaged
 */
export async function openStack<T>(
  paths: StackPaths,
  deps: StackDeps,
  work: (stack: OpenStack) => Promise<T>,
): Promise<T> {
  const { clock, self } = deps;
  const lock = await acquireLock(paths.lock, {
    self: { ...self, since: new Date(clock.now()).toISOString() },
    stack: paths.name,
    now: () => clock.now(),
    isAlive: deps.isAlive,
    onTakeover: (previous) =>
      deps.emit({
        type: 'note',
        level: 'warn',
        text: `an earlier command ended without giving its lock back (${previous?.command ?? 'unknown'}); going on from where it stopped`,
      }),
  });
  const lost = new AbortController();
  const stopBeating = keepBeating(lock, lost);
  const audit = auditing(paths.audit, { user: self.user, command: self.command }, deps.emit, clock);
  try {
    await Promise.all([paths.folder, secretsFolder(paths)].map((each) => removeAbandonedDrafts(each, clock.now())));
    const store = await StateStore.open(paths.state, paths.name, clock, { beforeWrite: () => checked(lock, lost) });
    const context = { clock, signal: AbortSignal.any([deps.signal, lost.signal]), emit: audit.emit };
    return await work({
      steps(target) {
        const journal = new Journal(store, target);
        const recorded = (key: string) => journal.resource(key);
        return { context: { ...context, recorded }, journal, newToken: deps.newToken };
      },
      recordedTargets: () => store.targets,
    });
  } finally {
    stopBeating();
    await audit.flush();
    await lock.release();
  }
}

/** {@link openStack} for one target. */
export function withStack<T>(
  paths: StackPaths,
  target: string,
  deps: StackDeps,
  work: (steps: StepDeps) => Promise<T>,
): Promise<T> {
  return openStack(paths, deps, (stack) => work(stack.steps(target)));
}

/** Fails the write, and ends everything else, too. */
async function checked(lock: HeldLock, lost: AbortController): Promise<void> {
  try {
    await lock.check();
  } catch (error) {
    lost.abort(error);
    throw error;
  }
}

function keepBeating(lock: HeldLock, lost: AbortController): () => void {
  const timer = setInterval(() => {
    lock.beat().catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'lock-lost') lost.abort(error);
    });
  }, HEARTBEAT_MS);
  timer.unref();
  return () => clearInterval(timer);
}
