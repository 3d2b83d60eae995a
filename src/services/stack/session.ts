import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { auditing } from './audit.ts';
import { Journal } from './journal.ts';
import { acquireLock, type LockHolder } from './lock.ts';
import type { StackPaths } from './paths.ts';
import type { StepDeps } from './steps.ts';

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

/**
 * Runs work that changes one target of a stack: under the stack's lock, with its journal open and its audit log kept.
 *
 * @throws RemedyError with exit 6 when another command holds the stack, 3 when the state is damaged
 */
export async function withStack<T>(
  paths: StackPaths,
  target: string,
  deps: StackDeps,
  work: (steps: StepDeps) => Promise<T>,
): Promise<T> {
  const { clock, signal, self } = deps;
  const since = new Date(clock.now()).toISOString();
  const unlock = await acquireLock(paths.lock, {
    self: { ...self, since },
    isAlive: deps.isAlive,
    onTakeover: (previous) =>
      deps.emit({
        type: 'note',
        level: 'warn',
        text: `an earlier command ended without giving its lock back (${previous?.command ?? 'unknown'}); going on from where it stopped`,
      }),
  });
  const audit = auditing(paths.audit, { user: self.user, command: self.command }, deps.emit, clock);
  try {
    const journal = await Journal.open(paths.state, paths.name, target, clock);
    return await work({ context: { clock, signal, emit: audit.emit }, journal, newToken: deps.newToken });
  } finally {
    await audit.flush();
    await unlock();
  }
}
